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

// Outside counts what left a test's process past the router: see [Guard].
type Outside struct {
	questions, connections atomic.Int32
	proxy                  net.Listener
	serving                sync.WaitGroup
}

var errQuestion = errors.New("leaktest: a question to a name server")

// Guard watches, until the test ends, the ways out that package net and its users take by themselves: it refuses and
// counts all questions that net.DefaultResolver would ask, also on behalf of code that has kept a pointer to it, and sets
// the proxy variables of the environment to an address of its own, where it counts who connects. The test fails for each.
// As it changes what the whole process shares, the test must not be parallel. It does not see other resolvers, such as a
// net.Resolver of the program's own, nor a connection to a literal address: [Inside] does.
//
// Package net/http reads the proxy variables once in a process: where it has done so before, they are not watched.
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

// Questions returns how many questions would have gone to name servers so far.
func (o *Outside) Questions() int { return int(o.questions.Load()) }

// Connections returns how many connections came to the address that the environment names as proxy.
func (o *Outside) Connections() int { return int(o.connections.Load()) }

// ProxyAddr returns that address, "127.0.0.1:port".
func (o *Outside) ProxyAddr() string { return o.proxy.Addr().String() }
