package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/go-i2p/i2psocks"
)

// wait shows that something goes on until the tunnels stand: a live line on a
// terminal, else a line now and then.
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
		took := time.Since(begin).Round(time.Second)
		if live {
			fmt.Fprintf(w, "\r\x1b[Kbuilding tunnels, %v", took)
		} else {
			fmt.Fprintf(w, "building tunnels, %v\n", took)
		}
	}
}
