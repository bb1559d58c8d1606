package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer/i2pd"
)

// routerFlag is the flag -router: which i2pd to start when no SAM bridge answers.
type routerFlag struct{ how *string }

func newRouterFlag(fs *flag.FlagSet) routerFlag {
	return routerFlag{fs.String("router", "", "start a router if none answers at -sam: auto (the i2pd in PATH) or the `path` of an i2pd")}
}

// start starts a router if one is wanted and needed, and points the endpoint at it. stop ends it.
func (f routerFlag) start(ctx context.Context, ep *i2psocks.Endpoint, stderr io.Writer) (stop func() error, err error) {
	stop = func() error { return nil }
	if *f.how == "" || answers(ctx, ep.SAM) {
		return stop, nil
	}
	r := &i2pd.Router{Logger: ep.Logger, Progress: func(s i2pd.Status) {
		fmt.Fprintf(stderr, "own router: %v, %d peers\n", s.State, s.Peers)
	}}
	if *f.how != "auto" {
		r.Path = *f.how
	}
	if ep.Dir != "" {
		if r.Dir, err = filepath.Abs(filepath.Join(ep.Dir, "i2pd")); err != nil {
			return nil, err
		}
	}
	address, err := r.Address(ctx)
	if err != nil {
		err = errors.Join(err, r.Close())
		if errors.Is(err, i2pd.ErrNotFound) {
			err = fmt.Errorf("no SAM bridge at %s and no i2pd to start: install i2pd, or give its path with -router: %w", ep.SAM, err)
		}
		return nil, err
	}
	ep.SAM = address
	return r.Close, nil
}

// answers reports whether something listens at a SAM address. What would need the system resolver
// is left to the endpoint to refuse.
func answers(ctx context.Context, address string) bool {
	network := "tcp"
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		network, address = "unix", path
	} else if _, err := netip.ParseAddrPort(strings.Replace(address, "localhost:", "127.0.0.1:", 1)); err != nil {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, network, strings.Replace(address, "localhost:", "127.0.0.1:", 1))
	if err == nil {
		conn.Close()
	}
	return err == nil
}
