package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"strings"

	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/keys"
)

// importFrom adds what is new, and shows what it left out.
func (t *tool) importFrom(ctx context.Context, args []string) error {
	var o outcome
	p := newProgress(t.stderr)
	err := t.own.Update(func(own *addrbook.Hosts) error {
		for line, err := range entries(args[0], o.skip) {
			if err := context.Cause(ctx); err != nil {
				return err
			}
			var bad *addrbook.HostsError
			var known *addrbook.ConflictError
			switch {
			case errors.As(err, &bad) && !bad.Read:
				o.problem(err)
			case err != nil:
				return err
			case line.Name == "":
				continue
			default:
				had := own.Len()
				if err := own.Add(line.Name, line.Destination); errors.As(err, &known) {
					o.Wrong++
					o.conflict(known)
				} else if err != nil {
					return err
				} else if own.Len() > had {
					o.Applied++
				} else {
					o.Unchanged++
				}
			}
			o.Lines++
			p.step("%d names", o.Lines)
		}
		return nil
	})
	p.done()
	if err != nil {
		return err
	}
	return t.outcome(o)
}

func (o *outcome) skip(file string, e *addrbook.HostsError) error {
	o.Lines++
	o.problem(fmt.Errorf("%s: %w", file, e))
	return nil
}

// entries yields what a file or a router's folder holds, the most trusted first.
func entries(from string, skip func(string, *addrbook.HostsError) error) iter.Seq2[addrbook.Line, error] {
	return func(yield func(addrbook.Line, error) bool) {
		if dir, ok := strings.CutPrefix(from, "java:"); ok {
			b, err := addrbook.ReadJava(os.DirFS(dir), skip)
			yieldHosts(yield, err, b.Private, b.User, b.Router)
			return
		}
		if dir, ok := strings.CutPrefix(from, "i2pd:"); ok {
			h, err := addrbook.ReadI2PD(os.DirFS(dir), skip)
			yieldHosts(yield, err, h)
			return
		}
		f, err := os.Open(from)
		if err != nil {
			yield(addrbook.Line{}, err)
			return
		}
		defer f.Close()
		addrbook.HostsLines(f)(yield)
	}
}

func yieldHosts(yield func(addrbook.Line, error) bool, err error, books ...*addrbook.Hosts) {
	if err != nil {
		yield(addrbook.Line{}, err)
		return
	}
	for _, h := range books {
		if h == nil {
			continue
		}
		for name, d := range h.All() {
			if !yield(addrbook.Line{Name: name, Destination: d}, nil) {
				return
			}
		}
	}
}

func (t *tool) export(_ context.Context, args []string) error {
	h := new(addrbook.Hosts)
	for _, r := range t.all() {
		d, err := keys.ParseDestination(r.Destination)
		if err != nil {
			return err
		}
		if err := h.Add(r.Name, d); err != nil {
			return err
		}
	}
	to := args[0]
	if dir, ok := strings.CutPrefix(to, "java:"); ok {
		return addrbook.JavaBooks{Router: h}.Write(dir)
	}
	if dir, ok := strings.CutPrefix(to, "i2pd:"); ok {
		return addrbook.WriteI2PD(dir, h)
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = h.WriteTo(f)
	return errors.Join(err, f.Close())
}

// verify checks the signed records of a file, of which not one may be wrong.
func (t *tool) verify(ctx context.Context, args []string) error {
	f, err := os.Open(args[0])
	if err != nil {
		return err
	}
	defer f.Close()
	var o outcome
	p := newProgress(t.stderr)
	for line, err := range addrbook.HostsLines(bufio.NewReader(f)) {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		var r addrbook.Record
		if err == nil {
			r, err = addrbook.ParseRecord(line.Text)
		}
		if err == nil && r.Name == "" && len(r.Properties) == 0 {
			continue
		}
		o.Lines++
		switch {
		case err != nil:
		case len(r.Properties) == 0:
			o.Unchanged++ // nobody claims anything
			continue
		default:
			err = r.Verify()
		}
		if err != nil {
			o.problem(&addrbook.HostsError{Line: line.Number, Err: err})
		} else {
			o.Applied++
		}
		p.step("%d records", o.Lines)
	}
	p.done()
	if err := t.outcome(o); err != nil {
		return err
	}
	if o.Wrong > 0 {
		return fmt.Errorf("%d of %d records are wrong", o.Wrong, o.Lines)
	}
	return nil
}
