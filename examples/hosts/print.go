package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/addrbook/i2pidn"
)

// row is a name as it is shown.
type row struct {
	Name        string `json:"name"`
	Base32      string `json:"base32"`
	Known       string `json:"known"` // how much is: "destination", "base32" or "encrypted base32"
	Source      string `json:"source"`
	Destination string `json:"destination,omitempty"`
}

// address is all that is known, as a hosts file has it.
func (r row) address() string {
	if r.Destination != "" {
		return r.Destination
	}
	return r.Base32
}

func newRow(name string, a addrbook.Address, source string) row {
	r := row{Name: name, Base32: a.Base32(), Known: "destination", Source: source}
	if d, ok := a.Destination(); ok {
		r.Destination = d.Base64()
	} else if host, err := i2phost.Parse(a.Base32()); err == nil {
		r.Known = host.Kind().String()
	}
	return r
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
	Name      string `json:"name"`
	Known     string `json:"known"`
	Offered   string `json:"offered"`
	Signed    bool   `json:"signed"`
	Former    bool   `json:"former"`
	Overruled bool   `json:"overruled"`
}

func newConflict(e *addrbook.ConflictError) conflict {
	return conflict{e.Name, e.Known.Base32(), e.Offered.Base32(), e.Signed, e.Former, e.Overruled}
}

// String tells what came of it.
func (c conflict) String() string {
	if c.Overruled {
		return fmt.Sprintf("OVERRULED: %s was %s by a source that is trusted less, is %s now", c.Name, c.Known, c.Offered)
	}
	by := "nobody known signed it"
	switch {
	case c.Signed:
		by = "signed by the known one; 'add -replace' follows it"
	case c.Former:
		by = "signed by a former owner"
	}
	return fmt.Sprintf("REFUSED: %s is %s, offered %s (%s)", c.Name, c.Known, c.Offered, by)
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
		o.Conflicts = append(o.Conflicts, newConflict(e))
	}
}

// mergeOutcome is what an export to a router does, or would do.
type mergeOutcome struct {
	DryRun    bool       `json:"dry_run"`
	Added     []string   `json:"added"`
	Unchanged int        `json:"unchanged"`
	Skipped   []string   `json:"skipped,omitempty"`
	Conflicts []conflict `json:"conflicts,omitempty"`
	Files     []string   `json:"files"`
	Backups   []string   `json:"backups,omitempty"`
}

func newMergeOutcome(m *addrbook.Merge, dry bool) mergeOutcome {
	o := mergeOutcome{dry, m.Added, m.Unchanged, m.Skipped, nil, m.Files, m.Backups}
	for _, c := range m.Conflicts {
		o.Conflicts = append(o.Conflicts, newConflict(c))
	}
	return o
}

func (p printer) merged(o mergeOutcome) error {
	if p.json {
		return p.encode(o)
	}
	would := ""
	if o.DryRun {
		would = "would be "
	}
	fmt.Fprintf(p.out, "%d names %sadded, %d there already, %d kept as the router has them, %d skipped\n",
		len(o.Added), would, o.Unchanged, len(o.Conflicts), len(o.Skipped))
	for _, list := range []struct {
		what  string
		items []string
	}{{would + "added", o.Added}, {"skipped, as this router has no place for base32 names:", o.Skipped}, {would + "written", o.Files}, {"kept what was there in", o.Backups}} {
		for _, item := range list.items {
			fmt.Fprintf(p.out, "  %s %s\n", list.what, item)
		}
	}
	for _, c := range o.Conflicts {
		fmt.Fprintln(p.out, "  "+c.String())
	}
	return nil
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
	fmt.Fprintln(w, "NAME\tADDRESS\tKNOWN\tSOURCE")
	for _, r := range rows {
		name := r.Name
		if shown := i2pidn.Display(name); shown != name {
			name += " (" + shown + ")"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", name, r.Base32, r.Known, r.Source)
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
		fmt.Fprintln(p.out, "  "+c.String())
	}
	return nil
}

func (p printer) encode(v any) error {
	enc := json.NewEncoder(p.out)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
