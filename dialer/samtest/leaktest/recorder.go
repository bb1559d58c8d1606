package leaktest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/go-i2p/i2psocks/keys"
)

// Recorder records what a program prints and logs, and searches it for secrets. The zero value is empty. Its methods
// may be called by several goroutines.
type Recorder struct {
	mu      sync.Mutex
	said    bytes.Buffer
	secrets []secret
}

// secret must not be said, each run of so many of its bytes.
type secret struct {
	what  string
	bytes []byte
	run   int
}

// Write records the output of a program, such as its standard error.
func (r *Recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.said.Write(p)
}

// Handler returns a handler that records all records, of every level, as text and as JSON.
func (r *Recorder) Handler() slog.Handler {
	all := &slog.HandlerOptions{Level: slog.Level(-100), AddSource: true}
	return slog.NewMultiHandler(slog.NewTextHandler(r, all), slog.NewJSONHandler(r, all))
}

// Len returns how many bytes were recorded.
func (r *Recorder) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.said.Len()
}

// Text adds a text that must not appear, such as a password or a host name; what is its name in failures.
func (r *Recorder) Text(what, text string) { r.add(what, []byte(text), len(text)) }

// Identity adds the private keys of an identity: no 8 consecutive bytes of them may appear.
func (r *Recorder) Identity(what string, id keys.Identity) error {
	blob, err := keys.Export(id, keys.FormatBinary)
	if err != nil {
		return err
	}
	r.add(what, blob[len(blob)-32:], 8)
	text := id.Reveal()
	r.add(what, []byte(text[len(text)-40:]), 12) // 12 characters are 9 bytes
	return nil
}

// LeaseSetKey adds a key of an encrypted lease set: no 8 consecutive bytes of it may appear.
func (r *Recorder) LeaseSetKey(what string, key keys.LeaseSetKey) error {
	raw, err := base64.NewEncoding(i2pBase64).DecodeString(key.Reveal())
	if err != nil {
		return err
	}
	r.add(what, []byte(key.Reveal()), 12)
	r.add(what, raw, 8)
	return nil
}

const i2pBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~"

func (r *Recorder) add(what string, b []byte, run int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.secrets = append(r.secrets, secret{what, b, run})
}

var verbs = []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%08.3v", "%d", "%o", "%t"}

// Print records values in every form in which a program may print them: with all verbs of fmt, by slog and as JSON;
// for errors also each wrapped error. Package fmt does not call methods of values in unexported fields: errors and
// identities are printed in such a field too; for other values pass a struct that contains them.
func (r *Recorder) Print(values ...any) {
	log := slog.New(r.Handler())
	for _, v := range values {
		if v == nil {
			continue
		}
		for _, verb := range verbs {
			fmt.Fprintf(r, verb+"\n", v)
			switch v.(type) {
			case error, keys.Identity: // which show nothing inside others, either
				fmt.Fprintf(r, verb+"\n", struct{ in any }{v})
			}
		}
		log.Info("printed", "v", v, "list", []any{v})
		if b, err := json.Marshal(v); err == nil {
			r.Write(b)
		}
		if err, ok := v.(error); ok {
			fmt.Fprintln(r, err.Error())
			r.Print(wrapped(err)...)
		}
	}
}

func wrapped(err error) (all []any) {
	switch u := err.(type) {
	case interface{ Unwrap() error }:
		if in := u.Unwrap(); in != nil {
			all = append(all, in)
		}
	case interface{ Unwrap() []error }:
		for _, in := range u.Unwrap() {
			all = append(all, in)
		}
	}
	return all
}

// Check fails the test for each secret that was found, and if nothing was recorded.
func (r *Recorder) Check(tb testing.TB) {
	tb.Helper()
	if r.Len() == 0 {
		tb.Error("leaktest: nothing was taken down")
	}
	for _, s := range r.Found() {
		tb.Error("leaktest:", s)
	}
}

// Found returns which secrets were found, in which form, and after which text.
func (r *Recorder) Found() (all []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	said := r.said.String()
	for _, s := range r.secrets {
		if form, at := s.in(said); form != "" {
			all = append(all, fmt.Sprintf("%s, %s, behind %.60q", s.what, form, said[max(0, at-60):at]))
		}
	}
	return all
}

func (s secret) in(said string) (form string, at int) {
	for n := 0; n+s.run <= len(s.bytes) && s.run > 0; n++ {
		for form, text := range forms(s.bytes[n : n+s.run]) {
			if at := strings.Index(said, text); at >= 0 {
				return form, at
			}
		}
	}
	return "", 0
}

// forms are the ways in which bytes are written.
func forms(run []byte) map[string]string {
	list := strings.Trim(fmt.Sprint(run), "[]")
	return map[string]string{
		"itself": string(run), "hex": fmt.Sprintf("%x", run), "HEX": fmt.Sprintf("%X", run), "hex with blanks": fmt.Sprintf("% x", run),
		"numbers": list, "Go": strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", run), "[]byte{"), "}"),
		"octal": strings.Trim(fmt.Sprintf("%o", run), "[]"), "quoted": strings.Trim(fmt.Sprintf("%q", run), `"`),
		"JSON numbers": strings.ReplaceAll(list, " ", ","),
		"base64":       strings.TrimRight(base64.StdEncoding.EncodeToString(run), "="),
	}
}
