package addrbook_test

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/keys"
)

const encrypted = "z24g4a5ba677htqqxyoxbxiy45f4bglh4tldbg5fbvpr3xegmqjfkmny"

func label(a addrbook.Address) string { return strings.TrimSuffix(a.Base32(), ".b32.i2p") }

func i2pdFile(a addrbook.Address) string {
	return "addressbook/b" + label(a)[:1] + "/" + label(a) + ".b32"
}

func TestMergeI2PD(t *testing.T) {
	a := whole(vector(t, 0, 0x40))
	b := destination(t)
	hash := hashOf(t, destination(t))
	blinded, err := addrbook.ParseAddress(encrypted + ".b32.i2p")
	require.NoError(t, err)
	dir := t.TempDir()
	want := book{"a.i2p": a, "alias.i2p": a, "b.i2p": b, "hash.i2p": hash, "enc.i2p": blinded}
	write(t)(addrbook.MergeI2PD(dir, hostsOf(t, want)))
	assert.Equal(t, string(dest(a).Bytes()), read(t, dir, i2pdFile(a)))
	table := read(t, dir, "addressbook", "addresses.csv")
	assert.Contains(t, table, "a.i2p,baz5fnifptdznvtavtm5kvpi3lhn54pxhfpwvifwtlx564e272yq\n")
	assert.Contains(t, table, "enc.i2p,"+encrypted+"\n")
	got, err := addrbook.ReadI2PD(os.DirFS(dir), nil)
	require.NoError(t, err)
	assert.Equal(t, want, maps.Collect(got.All()))

	before := strings.TrimSuffix(table, "\n") + "\nUPPER only i2pd knows,x\nlast.i2p," + label(b)
	csv := filepath.Join(dir, "addressbook", "addresses.csv")
	require.NoError(t, os.WriteFile(csv, []byte(before), 0o640))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "addressbook", "local.csv"), []byte("local.i2p,"+label(a)+"\n"), 0o640))
	c := destination(t)
	m, err := addrbook.MergeI2PD(dir, hostsOf(t, book{"hash.i2p": hash, "b.i2p": c, "local.i2p": c, "new.i2p": c}))
	require.NoError(t, err)
	assert.Equal(t, []string{"new.i2p"}, m.Added)
	assert.Equal(t, 1, m.Unchanged)
	assert.Len(t, m.Conflicts, 2)
	assert.Equal(t, []string{filepath.Join(dir, filepath.FromSlash(i2pdFile(c))), csv}, m.Files)
	require.NoError(t, m.Write())
	assert.Equal(t, before+"\nnew.i2p,"+label(c)+"\n", read(t, csv))
	assert.Equal(t, before, read(t, csv+".bak"))
}

// The table that i2pd is shipped with has no destinations: a name is its hash.
func TestReadI2PDHashes(t *testing.T) {
	var bad []int
	h, err := addrbook.ReadI2PD(os.DirFS("testdata/i2pd"), func(_ string, e *addrbook.HostsError) error {
		bad = append(bad, e.Line)
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, []int{1, 11, 13}, bad, "two hyphens in a row, three characters of base32, and no comma")
	assert.Equal(t, 9, h.Len())
	a, err := h.Lookup(t.Context(), "upper.i2p")
	require.NoError(t, err)
	assert.Equal(t, "w637odao6ihffrhhmktu4ngpid4kf4el4p4vfycy43ifmf3ck2nq.b32.i2p", a.Text())
	_, ok := a.Destination()
	assert.False(t, ok)
	assert.Equal(t, maps.Collect(h.All()), maps.Collect(readHosts(t, text(t, h)).All()), "in the form of hosts.txt")
}

func TestReadI2PDBadLines(t *testing.T) {
	a, b, none := destination(t), destination(t), destination(t)
	lines := []string{
		"a.i2p," + label(a), "false.i2p," + label(b), "none.i2p," + label(none), "noComma", "A.i2p," + label(a), "router.i2p," + label(a),
		"up.i2p,../../etc/passwd", "enc.i2p," + encrypted, "name.i2p,other.i2p", "",
	}
	dir := fstest.MapFS{
		"addressbook/addresses.csv": {Data: []byte(strings.Join(lines, "\r\n"))},
		"addressbook/local.csv":     {Data: []byte("sub.a.i2p," + label(a) + "\n")},
		i2pdFile(a):                 {Data: dest(a).Bytes()},
		i2pdFile(b):                 {Data: dest(a).Bytes()}, // not what its name says
	}
	var bad []int
	h, err := addrbook.ReadI2PD(dir, func(_ string, e *addrbook.HostsError) error {
		bad = append(bad, e.Line)
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, []int{2, 4, 6, 7, 9}, bad)
	blinded, err := addrbook.ParseAddress(encrypted + ".b32.i2p")
	require.NoError(t, err)
	assert.Equal(t, book{"a.i2p": a, "sub.a.i2p": a, "none.i2p": hashOf(t, none), "enc.i2p": blinded}, maps.Collect(h.All()))
	_, err = addrbook.ReadI2PD(dir, nil)
	var line *addrbook.HostsError
	require.ErrorAs(t, err, &line)
	assert.Equal(t, 2, line.Line)
	assert.ErrorIs(t, err, keys.ErrMalformed)
	_, err = addrbook.ReadI2PD(fstest.MapFS{}, nil)
	assert.True(t, errors.Is(err, fs.ErrNotExist))
}

func FuzzReadI2PD(f *testing.F) {
	a := destination(f)
	f.Add("a.i2p,"+label(a)+"\n", dest(a).Bytes())
	f.Add("a.i2p,"+encrypted+"\n", dest(a).Bytes())
	f.Add("a.i2p,../x\r\n,\n", []byte{})
	f.Fuzz(func(t *testing.T, table string, file []byte) {
		dir := fstest.MapFS{"addressbook/addresses.csv": {Data: []byte(table)}, i2pdFile(a): {Data: file}}
		h, err := addrbook.ReadI2PD(dir, func(string, *addrbook.HostsError) error { return nil })
		if err != nil {
			return
		}
		for name, got := range h.All() {
			if d, ok := got.Destination(); ok {
				require.Equal(t, file, d.Bytes())
				require.True(t, got.Same(a))
				continue
			}
			host, err := i2phost.Parse(got.Text())
			require.NoError(t, err)
			require.NotEqual(t, i2phost.Name, host.Kind(), name)
		}
	})
}
