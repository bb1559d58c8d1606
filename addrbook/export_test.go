package addrbook

import (
	"io"
	"net/netip"

	"github.com/go-i2p/i2psocks/keys"
)

// WriteFile is tested by itself since a disk that fails is hard to come by.
func WriteFile(path string, write func(io.Writer) error, check func(io.Reader) error) error {
	return writeFile(replacement{path: path, write: write, check: check})
}

// MakeDir tells which folders it has flushed.
func MakeDir(path string) (synced []string, err error) {
	_, err = makeDir(path, func(dir string) error {
		synced = append(synced, dir)
		return syncDir(dir)
	})
	return synced, err
}

// CopyFile is what a backup is where there are no links.
var CopyFile = copyFile

// AmbiguousGarliCat files destinations under one address; real ones that share
// 80 bits cannot be made.
func AmbiguousGarliCat(addr netip.Addr, dests ...keys.Destination) bool {
	index := make(map[netip.Addr]garlicEntry)
	for _, d := range dests {
		addGarliCat(index, addr, garlicEntry{hash: d.Hash()})
	}
	return index[addr].many
}

// CreateFile writes a file where there is none.
var CreateFile = createFile
