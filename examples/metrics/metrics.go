package main

import (
	"context"
	"net"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/socks"
)

// metrics counts what hooks tell. No label ever is a name, a destination, a token or an address:
// who reads the numbers must not learn who talks with whom.
type metrics struct {
	endpoint *i2psocks.Endpoint

	connections prometheus.Counter
	requests    *prometheus.CounterVec
	bytes       *prometheus.CounterVec
	datagrams   *prometheus.CounterVec
	wait, total *prometheus.HistogramVec
}

func newMetrics(ep *i2psocks.Endpoint) *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "i2psocks_" + name, Help: help}, labels)
	}
	seconds := func(name, help string, longest int) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "i2psocks_" + name, Help: help, Buckets: prometheus.ExponentialBuckets(0.25, 2, longest),
		}, []string{"command"})
	}
	return &metrics{
		endpoint:    ep,
		connections: prometheus.NewCounter(prometheus.CounterOpts{Name: "i2psocks_connections_total", Help: "Clients that were let in."}),
		requests:    counter("requests_total", "Requests that are over, by the code they were answered with.", "version", "command", "result"),
		bytes:       counter("stream_bytes_total", "Bytes of streams that are over, as clients see them.", "direction"),
		datagrams:   counter("datagrams_total", "Datagrams of associations that are over, as clients see them.", "direction"),
		wait:        seconds("wait_seconds", "From request to answer.", 10),
		total:       seconds("request_seconds", "From request to the end of what it asked for.", 16),
	}
}

// hooks returns what a SOCKS port is to call.
func (m *metrics) hooks() *socks.Hooks {
	return &socks.Hooks{Done: m.done, Conn: func(ctx context.Context, _ net.Addr) context.Context {
		m.connections.Inc()
		return ctx
	}}
}

func (m *metrics) done(_ context.Context, r socks.Report) {
	command := commandLabel(r.Command)
	m.requests.WithLabelValues(r.Version.String(), command, r.Reply.String()).Inc()
	m.wait.WithLabelValues(command).Observe(r.Wait.Seconds())
	m.total.WithLabelValues(command).Observe(r.Total.Seconds())
	moved := m.bytes
	if r.Command == socks.Associate {
		moved = m.datagrams
		moved.WithLabelValues("dropped").Add(float64(r.Dropped))
	}
	moved.WithLabelValues("sent").Add(float64(r.Sent))
	moved.WithLabelValues("received").Add(float64(r.Received))
}

// commandLabel keeps clients from making labels: there are 256 commands to ask for.
func commandLabel(c socks.Command) string {
	switch c {
	case socks.Connect, socks.Bind, socks.Associate, socks.Resolve, socks.ResolvePTR:
		return c.String()
	}
	return "other"
}
