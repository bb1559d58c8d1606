package i2pnet

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

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

// write makes the router's folder and its configuration file.
func (r *router) write(conf string) error {
	if err := os.Mkdir(r.dir, 0o700); err != nil {
		return fmt.Errorf("i2pnet: %w", err)
	}
	if err := os.WriteFile(filepath.Join(r.dir, configFile), []byte(conf), 0o600); err != nil {
		return fmt.Errorf("i2pnet: %w", err)
	}
	return nil
}
