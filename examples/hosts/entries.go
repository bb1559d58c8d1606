package main

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/addrbook/i2pidn"
)

func (t *tool) list(context.Context, []string) error { return t.rows(t.all()) }

func (t *tool) lookup(ctx context.Context, args []string) error {
	name := args[0]
	if addr, err := netip.ParseAddr(name); err == nil {
		garliCat, ok := i2phost.GarliCat(addr)
		if !ok {
			return fmt.Errorf("%s is not a GarliCat address", addr)
		}
		name = garliCat
	} else if _, ok := i2phost.ParseGarliCat(name); !ok {
		host, err := i2pidn.ToASCII(name)
		if err != nil {
			return err
		}
		name = host.String()
	}
	a, err := t.book.Lookup(ctx, name)
	if err != nil {
		return err
	}
	return t.rows([]row{newRow(name, a, t.sourceOf(ctx, name, a))})
}

// sourceOf tells which source decided.
func (t *tool) sourceOf(ctx context.Context, name string, a addrbook.Address) string {
	if got, err := t.own.Lookup(ctx, name); err == nil && got == a {
		return "own"
	}
	for _, f := range t.feeds {
		if got, err := f.Lookup(ctx, name); err == nil && got == a {
			return f.URL
		}
	}
	return "-" // an address by itself, or by its GarliCat address
}

func (t *tool) add(ctx context.Context, args []string) error {
	host, err := i2pidn.ToASCII(args[0])
	if err != nil {
		return err
	}
	a, err := addrbook.ParseAddress(args[1])
	if err != nil {
		return err
	}
	if t.replace {
		err = t.own.Set(host.String(), a)
	} else {
		err = t.own.Add(host.String(), a)
	}
	if err != nil {
		return err
	}
	return t.lookup(ctx, []string{host.String()})
}

func (t *tool) remove(_ context.Context, args []string) error {
	host, err := i2pidn.ToASCII(args[0])
	if err != nil {
		return err
	}
	return t.own.Remove(host.String())
}

func (t *tool) helper(_ context.Context, args []string) error {
	p, _, err := addrbook.ParseAddressHelper(args[0])
	if err != nil {
		return err
	}
	return t.rows([]row{newRow(p.Name, p.Address, "proposed by "+p.Source)})
}
