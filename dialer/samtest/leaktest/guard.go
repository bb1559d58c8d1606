package leaktest

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// Outside counts attempts of the process to bypass the router: see [Guard].
type Outside struct {
	questions, connections atomic.Int32
	proxy                  net.Listener
	serving                sync.WaitGroup
}

var errQuestion = errors.New("leaktest: a question to a name server")

// Guard observes, until the test ends, two ways in which package net and its users bypass dialers: it refuses and
// counts the queries of net.DefaultResolver, and sets the proxy variables of the environment to an address of its
// own, where it counts connections. The test fails for each. Because it changes state of the whole process, the test
// must not be parallel. It does not see other resolvers, nor connections to IP addresses; see [Confine] for those.
//
// Package net/http reads the proxy variables once in a process. If it has done so before, they are not observed.
func Guard(tb testing.TB) *Outside {
	tb.Helper()
	o := new(Outside)
	r := net.DefaultResolver // changed where it is: others may have kept a pointer to it
	preferGo, dial := r.PreferGo, r.Dial
	r.PreferGo, r.Dial = true, func(context.Context, string, string) (net.Conn, error) {
		o.questions.Add(1)
		return nil, errQuestion
	}
	tb.Cleanup(func() { r.PreferGo, r.Dial = preferGo, dial })
	if _, err := net.DefaultResolver.LookupHost(tb.Context(), "guarded.invalid"); err == nil || o.questions.Swap(0) == 0 {
		tb.Fatal("leaktest: questions to name servers are not seen:", err)
	}
	o.trap(tb)
	tb.Cleanup(func() {
		if n := o.Questions(); n > 0 {
			tb.Errorf("leaktest: %d questions to name servers", n)
		}
		if n := o.Connections(); n > 0 {
			tb.Errorf("leaktest: %d connections to the environment's proxy", n)
		}
	})
	return o
}

func (o *Outside) trap(tb testing.TB) {
	tb.Helper()
	var err error
	if o.proxy, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		tb.Fatal(err)
	}
	o.serving.Go(func() {
		for {
			conn, err := o.proxy.Accept()
			if err != nil {
				return
			}
			o.connections.Add(1)
			conn.Close()
		}
	})
	tb.Cleanup(func() {
		o.proxy.Close()
		o.serving.Wait()
	})
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"} {
		tb.Setenv(name, "http://"+o.ProxyAddr())
		tb.Setenv(strings.ToLower(name), "http://"+o.ProxyAddr())
	}
	tb.Setenv("NO_PROXY", "")
	tb.Setenv("no_proxy", "")
}

// Questions returns the number of DNS queries that were refused so far.
func (o *Outside) Questions() int { return int(o.questions.Load()) }

// Connections returns the number of connections to the address in the proxy variables.
func (o *Outside) Connections() int { return int(o.connections.Load()) }

// ProxyAddr returns that address, "127.0.0.1:port".
func (o *Outside) ProxyAddr() string { return o.proxy.Addr().String() }
