package main

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/go-i2p/i2psocks/keys"
)

// printIdentity prints the public half.
func (c *command) printIdentity(name, label string, id keys.Identity) error {
	d := id.Destination()
	if c.json {
		public := map[string]string{
			"name":          name,
			"host":          d.Base32(),
			"destination":   d.Base64(),
			"signatureType": d.SignatureType().String(),
		}
		if label != "" {
			public["label"] = label
		}
		return json.NewEncoder(c.stdout).Encode(public)
	}
	w := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "name\t%s\n", name)
	if label != "" {
		fmt.Fprintf(w, "label\t%s\n", label)
	}
	fmt.Fprintf(w, "host\t%s\n", d.Base32())
	fmt.Fprintf(w, "signature\t%s\n", d.SignatureType())
	fmt.Fprintf(w, "destination\t%s\n", d.Base64())
	return w.Flush()
}

type entry struct {
	Name    string    `json:"name"`
	Saved   time.Time `json:"saved,omitzero"`
	Retired time.Time `json:"retired,omitzero"`
}

func (c *command) printList(list []keys.Entry) error {
	entries := make([]entry, 0, len(list)) // [] rather than null
	for _, e := range list {
		entries = append(entries, entry(e))
	}
	if c.json {
		return json.NewEncoder(c.stdout).Encode(entries)
	}
	w := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tSAVED\tRETIRED")
	for _, e := range entries {
		fmt.Fprintf(w, "%s\t%s\t%s\n", e.Name, moment(e.Saved, "gone"), moment(e.Retired, "-"))
	}
	return w.Flush()
}

// moment prints a time, or what it means that there is none.
func moment(t time.Time, none string) string {
	if t.IsZero() {
		return none
	}
	return t.Format(time.RFC3339)
}
