package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/addrbook/i2pidn"
)

// row is a name as it is shown.
type row struct {
	Name        string `json:"name"`
	Base32      string `json:"base32"`
	Source      string `json:"source"`
	Destination string `json:"destination,omitempty"`
}

// outcome is what a command did.
type outcome struct {
	Feed      string     `json:"feed,omitempty"`
	Lines     int        `json:"lines"`
	Applied   int        `json:"applied"`
	Unchanged int        `json:"unchanged"`
	Wrong     int        `json:"wrong"`
	Problems  []string   `json:"problems,omitempty"`
	Conflicts []conflict `json:"conflicts,omitempty"`
	Error     string     `json:"error,omitempty"`
}

type conflict struct {
	Name    string `json:"name"`
	Known   string `json:"known"`
	Offered string `json:"offered"`
	Signed  bool   `json:"signed"`
}

const maxShown = 50

func (o *outcome) problem(err error) {
	o.Wrong++
	if len(o.Problems) < maxShown {
		o.Problems = append(o.Problems, err.Error())
	}
}

func (o *outcome) conflict(e *addrbook.ConflictError) {
	if len(o.Conflicts) < maxShown {
		o.Conflicts = append(o.Conflicts, conflict{e.Name, e.Known.Base32(), e.Offered.Base32(), e.Signed})
	}
}

type printer struct {
	out  io.Writer
	json bool
}

func (p printer) rows(rows []row) error {
	if p.json {
		return p.encode(rows)
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tDESTINATION\tSOURCE")
	for _, r := range rows {
		name := r.Name
		if shown := i2pidn.Display(name); shown != name {
			name += " (" + shown + ")"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", name, r.Base32, r.Source)
	}
	return w.Flush()
}

func (p printer) outcome(o outcome) error {
	if p.json {
		return p.encode(o)
	}
	if o.Feed != "" {
		fmt.Fprintln(p.out, o.Feed)
	}
	if o.Error != "" {
		_, err := fmt.Fprintln(p.out, "  failed:", o.Error)
		return err
	}
	fmt.Fprintf(p.out, "%d lines: %d applied, %d unchanged, %d wrong\n", o.Lines, o.Applied, o.Unchanged, o.Wrong)
	for _, text := range o.Problems {
		fmt.Fprintln(p.out, "  "+strings.TrimPrefix(text, "addrbook: "))
	}
	for _, c := range o.Conflicts {
		by := "nobody known signed it"
		if c.Signed {
			by = "signed by the known one; 'add -replace' follows it"
		}
		fmt.Fprintf(p.out, "  REFUSED: %s is %s, offered %s (%s)\n", c.Name, c.Known, c.Offered, by)
	}
	return nil
}

func (p printer) encode(v any) error {
	enc := json.NewEncoder(p.out)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

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
