package i2pnet

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// router is one router of the network, running or not.
type router struct {
	number    int
	floodfill bool
	dir       string
	log       *lineWriter
	ns        *namespace
	home      string // IP address where it serves clients
	starts    int
	crashed   func(number int) // see Config
	*process                   // its last run; nil before the first
}

// start gives the router an empty folder, so that it makes an identity, and an address
// that no peer has known, and runs it. It knows the routers of infos.
func (r *router) start(ctx context.Context, program string, infos [][]byte) error {
	address, err := peerAddress(r.number, r.starts)
	if err != nil {
		return err
	}
	r.starts++
	if err := r.ns.addAddress(ctx, address); err != nil {
		return err
	}
	if err := os.RemoveAll(r.dir); err != nil {
		return fmt.Errorf("i2pnet: %w", err)
	}
	if err := os.Mkdir(r.dir, 0o700); err != nil {
		return fmt.Errorf("i2pnet: %w", err)
	}
	if err := os.WriteFile(filepath.Join(r.dir, configFile), []byte(settings(address, r.home, r.floodfill)), 0o600); err != nil {
		return fmt.Errorf("i2pnet: %w", err)
	}
	if err := writeReseed(filepath.Join(r.dir, reseedFile), infos); err != nil {
		return err
	}
	p, err := launch(r.ns, program, r.dir, r.log, r.ended)
	if err == nil {
		r.process = p
	}
	return err
}

// ended tells of a crash.
func (r *router) ended() {
	if r.crashed != nil {
		r.crashed(r.number)
	}
}

// writeReseed writes the file that i2pd takes its first peers from.
func writeReseed(path string, infos [][]byte) error {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i, info := range infos {
		w, err := z.Create(fmt.Sprintf("routerInfo-%d.dat", i))
		if err != nil {
			return fmt.Errorf("i2pnet: %w", err)
		}
		if _, err := w.Write(info); err != nil {
			return fmt.Errorf("i2pnet: %w", err)
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("i2pnet: %w", err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		return fmt.Errorf("i2pnet: %w", err)
	}
	return nil
}
