//go:build unix

package addrbook_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook"
)

// The files of a router stay readable for the router, and its new ones are its own.
func TestMergeKeepsOwnerAndMode(t *testing.T) {
	uid, gid := os.Getuid(), os.Getgid()
	if uid == 0 {
		uid, gid = 1234, 1235
	}
	dir := t.TempDir()
	require.NoError(t, os.Chown(dir, uid, gid))
	require.NoError(t, os.Chmod(dir, 0o750))
	path := filepath.Join(dir, "hosts.txt")
	require.NoError(t, os.WriteFile(path, []byte("old.i2p="+destination(t).Text()+"\n"), 0o600))
	require.NoError(t, os.Chown(path, uid, gid))
	require.NoError(t, os.Chmod(path, 0o644))

	a := destination(t)
	own := hostsOf(t, book{"new.i2p": a})
	write(t)(addrbook.JavaBooks{Router: own, User: hostsOf(t, book{"user.i2p": a})}.Merge(dir))
	write(t)(addrbook.MergeI2PD(dir, own))
	for file, mode := range map[string]fs.FileMode{
		"hosts.txt": 0o644, "hosts.txt.bak": 0o644, "userhosts.txt": 0o600, "addressbook/addresses.csv": 0o600, i2pdFile(a): 0o600,
		"addressbook": fs.ModeDir | 0o750, filepath.Dir(i2pdFile(a)): fs.ModeDir | 0o750,
	} {
		fi, err := os.Stat(filepath.Join(dir, file))
		require.NoError(t, err)
		assert.Equal(t, mode, fi.Mode(), file)
		st := fi.Sys().(*syscall.Stat_t)
		assert.Equal(t, [2]int{uid, gid}, [...]int{int(st.Uid), int(st.Gid)}, file)
	}
}
