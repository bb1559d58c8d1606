package main

import (
	"expvar"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer"
)

// handler serves the metrics of the endpoint and of one of its ports.
func (m *metrics) handler(px *i2psocks.Proxy) http.Handler {
	reg := prometheus.NewRegistry() // of its own: the default one tells of the process too
	reg.MustRegister(m.connections, m.requests, m.bytes, m.datagrams, m.wait, m.total)
	gauge := func(name, help string, labels prometheus.Labels, value func() int) {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "i2psocks_" + name, Help: help, ConstLabels: labels},
			func() float64 { return float64(value()) }))
	}
	gauge("clients", "Clients being served.", nil, func() int { return px.Status().Clients })
	gauge("pending", "Requests that wait for the router.", nil, func() int { return px.Status().Pending })
	gauge("associations", "UDP associations.", nil, func() int { return px.Status().Associations })
	gauge("streams", "Open streams of the endpoint's own identity.", nil, func() int { return m.endpoint.Status().Streams })
	gauge("session_attempts", "Starts of the session since it was last up.", nil, func() int { return m.endpoint.Status().Attempts })
	for s := dialer.Idle; s <= dialer.Closed; s++ {
		gauge("session_state", "1 for the state that the session is in.", prometheus.Labels{"state": s.String()}, func() int {
			if m.endpoint.Status().State == s {
				return 1
			}
			return 0
		})
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	mux.Handle("GET /debug/vars", vars(m.endpoint, px))
	return mux
}

// vars serves as expvar's handler does, but without the command line, which may hold secrets.
func vars(ep *i2psocks.Endpoint, px *i2psocks.Proxy) http.HandlerFunc {
	all := new(expvar.Map)
	all.Set("i2psocks", expvar.Func(func() any {
		return map[string]any{"state": ep.Status().State.String(), "streams": ep.Status().Streams, "socks": px.Status()}
	}))
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		fmt.Fprintln(w, all)
	}
}
