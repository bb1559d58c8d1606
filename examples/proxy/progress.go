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
		what, took := "building tunnels", time.Since(begin).Round(time.Second)
		if errors.Is(ep.Status().Err, dialer.ErrRouterDown) {
			what = "waiting for the router"
		}
		if live {
			fmt.Fprintf(w, "\r\x1b[K%s, %v", what, took)
		} else {
			fmt.Fprintf(w, "%s, %v\n", what, took)
		}
	}
}
