package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2pd"
)

// wait waits until the tunnels are built, and shows the progress: in one line that changes on a
// terminal, otherwise by a line every 10 s.
func wait(ctx context.Context, ep *i2psocks.Endpoint, w io.Writer) error {
	up := make(chan error, 1)
	go func() { up <- ep.Up(ctx) }()
	f, ok := w.(*os.File)
	live := ok && term.IsTerminal(int(f.Fd()))
	every := 10 * time.Second
	if live {
		every = time.Second
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for begin := time.Now(); ; {
		select {
		case err := <-up:
			if live {
				fmt.Fprint(w, "\r\x1b[K")
			}
			return err
		case <-tick.C:
		}
		what, took := waitsFor(ep), time.Since(begin).Round(time.Second)
		if live {
			fmt.Fprintf(w, "\r\x1b[K%s, %v", what, took)
		} else {
			fmt.Fprintf(w, "%s, %v\n", what, took)
		}
	}
}

// waitsFor says what an endpoint is waiting for.
func waitsFor(ep *i2psocks.Endpoint) string {
	if own, ok := ep.Router.(*i2pd.Router); ok {
		switch s := own.Status(); {
		case errors.Is(own.Problem(), i2pd.ErrFewPeers):
			return fmt.Sprintf("waiting for peers, which i2pd fetches over the Internet; %d known, some dozens needed", s.Peers)
		case s.State == i2pd.Starting || s.State == i2pd.Down:
			return "starting i2pd"
		}
	}
	if errors.Is(ep.Status().Err, dialer.ErrRouterDown) {
		return "waiting for the router"
	}
	return "building tunnels"
}
