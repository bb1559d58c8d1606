package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-i2p/i2psocks/addrbook"
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
				if err := own.Add(line.Name, line.Address); errors.As(err, &known) {
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
		for name, a := range h.All() {
			if !yield(addrbook.Line{Name: name, Address: a}, nil) {
				return
			}
		}
	}
}

// export adds to a router's book, or makes a new hosts file.
func (t *tool) export(_ context.Context, args []string) error {
	h := new(addrbook.Hosts)
	for _, r := range t.all() {
		a, err := addrbook.ParseAddress(r.address())
		if err != nil {
			return err
		}
		if err := h.Add(r.Name, a); err != nil {
			return err
		}
	}
	m, err := merge(args[0], h)
	switch {
	case err != nil:
		return err
	case m == nil && h.Len() == 0:
		return addrbook.ErrEmpty
	case m == nil && t.dry:
		return t.wouldWrite(args[0], h)
	case m == nil:
		return writeNew(args[0], h)
	}
	if !t.dry {
		err = m.Write()
	}
	return errors.Join(err, t.merged(newMergeOutcome(m, t.dry)))
}

// wouldWrite fails where the file is there already, as writing would.
func (t *tool) wouldWrite(path string, h *addrbook.Hosts) error {
	switch _, err := os.Lstat(path); {
	case err == nil:
		return &fs.PathError{Op: "open", Path: path, Err: fs.ErrExist}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	_, err := fmt.Fprintf(t.out, "would write %d names to %s\n", h.Len(), path)
	return err
}

// merge returns nil if the names go to no router.
func merge(to string, h *addrbook.Hosts) (*addrbook.Merge, error) {
	if dir, ok := strings.CutPrefix(to, "java:"); ok {
		return addrbook.JavaBooks{Router: h}.Merge(dir)
	}
	if dir, ok := strings.CutPrefix(to, "i2pd:"); ok {
		return addrbook.MergeI2PD(dir, h)
	}
	return nil, nil
}

func writeNew(path string, h *addrbook.Hosts) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = h.WriteTo(f)
	return errors.Join(err, f.Sync(), f.Close(), syncDir(filepath.Dir(path)))
}
