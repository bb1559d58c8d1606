package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// progress shows that something long goes on: a live line on a terminal, else a line now and then.
type progress struct {
	w     io.Writer
	live  bool
	every time.Duration
	last  time.Time
}

func newProgress(w io.Writer) *progress {
	f, ok := w.(*os.File)
	p := &progress{w: w, live: ok && term.IsTerminal(int(f.Fd())), every: 10 * time.Second, last: time.Now()}
	if p.live {
		p.every = time.Second / 2
	}
	return p
}

func (p *progress) step(format string, args ...any) {
	if time.Since(p.last) < p.every {
		return
	}
	p.last = time.Now()
	if p.live {
		fmt.Fprintf(p.w, "\r\x1b[K"+format, args...)
	} else {
		fmt.Fprintf(p.w, format+"\n", args...)
	}
}

func (p *progress) done() {
	if p.live {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
