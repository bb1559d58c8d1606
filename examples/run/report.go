package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/go-i2p/i2psocks/socks/audit"
)

// reported is the report as JSON.
type reported struct {
	Confined bool            `json:"confined"`
	Direct   []attempt       `json:"direct"`  // attempts to bypass the proxy, all blocked
	Carried  int             `json:"carried"` // flows to I2P that did not ask the proxy
	Findings []audit.Finding `json:"findings"`
}

// openReport makes the file before anything runs. Without one what is written goes nowhere.
func (o *options) openReport() (io.WriteCloser, error) {
	if o.report == "" {
		return nopCloser{io.Discard}, nil
	}
	return os.OpenFile(o.report, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

func (o *options) write(w io.Writer, tried *attempts) error {
	r := reported{Confined: !o.unconfined, Findings: o.auditor.Findings()}
	r.Direct, r.Carried = tried.report(o.reveal)
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// print tells the same in words.
func (o *options) print(w io.Writer, tried *attempts) {
	direct, carried := tried.report(o.reveal)
	findings := o.auditor.Findings()
	switch {
	case o.unconfined:
		fmt.Fprintln(w, "run: the program was not confined: attempts to bypass the proxy are not known")
	case len(direct) == 0 && len(findings) == 0:
		fmt.Fprintln(w, "run: no findings")
	}
	for _, d := range direct {
		to := "outside I2P"
		if d.To != "" {
			to = strings.Trim(strconv.Quote(d.To), `"`) // a DNS name may hold whatever bytes
		}
		fmt.Fprintf(w, "run: blocked: %s to %s, %s\n", d.Protocol, to, times(d))
	}
	if carried > 0 {
		fmt.Fprintf(w, "run: %d flows to I2P bypassed the proxy and were forwarded\n", carried)
	}
	for _, f := range findings {
		fmt.Fprintln(w, "run:", f)
	}
}

func times(d attempt) string {
	if d.Targets == 1 {
		return fmt.Sprintf("%d packets or queries", d.Count)
	}
	return fmt.Sprintf("%d packets or queries to %d targets", d.Count, d.Targets)
}
