package onramp

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"

	"github.com/go-i2p/onramp"

	"github.com/go-i2p/i2psocks/keys"
)

var (
	validName   = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)
	validOption = regexp.MustCompile(`^(inbound|outbound|i2cp|i2p\.streaming)\.[A-Za-z.]+=[A-Za-z0-9.,_-]+$`)
)

// checkOptions refuses what would add words to the command, or name keys.
func checkOptions(options []string) error {
	for _, o := range options {
		if !validOption.MatchString(o) {
			return fmt.Errorf("onramp: option %q is not an I2CP option key=value", o)
		}
	}
	return nil
}

// loadDestination reads whose key file it is that onramp will use. onramp does not check it, and makes a new
// identity where there is none.
func loadDestination(name string) (keys.Destination, error) {
	if !validName.MatchString(name) {
		return keys.Destination{}, fmt.Errorf("onramp: name %q is not of 1 to 64 lower-case letters, digits, '_' and '-'", name)
	}
	path := filepath.Join(onramp.I2P_KEYSTORE_PATH, name+".i2p.private")
	fail := func(err error) (keys.Destination, error) {
		return keys.Destination{}, &fs.PathError{Op: "load", Path: path, Err: err}
	}
	fi, err := os.Lstat(path)
	switch {
	case err != nil:
		return keys.Destination{}, err
	case !fi.Mode().IsRegular():
		return fail(errors.New("not a file"))
	case runtime.GOOS != "windows" && fi.Mode().Perm()&0o077 != 0:
		return fail(fmt.Errorf("mode %#o is open to others, want 0600", fi.Mode().Perm()))
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return keys.Destination{}, err
	}
	id, _, err := keys.Import(bytes.NewReader(b))
	if err != nil {
		return fail(err)
	}
	if want, err := keys.Export(id, keys.FormatI2PKeys); err != nil || !bytes.Equal(bytes.TrimRight(b, "\n"), want) {
		return fail(fmt.Errorf("%w: not as onramp reads it", keys.ErrMalformed))
	}
	return id.Destination(), nil
}
