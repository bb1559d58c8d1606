package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	hash    = "w637odao6ihffrhhmktu4ngpid4kf4el4p4vfycy43ifmf3ck2nq.b32.i2p"
	blinded = "z24g4a5ba677htqqxyoxbxiy45f4bglh4tldbg5fbvpr3xegmqjfkmny.b32.i2p"
	sample  = "../../addrbook/testdata/i2pd"
)

// Names that are known by a hash alone come from i2pd, are shown as such, and go to another i2pd.
func TestNamesByHash(t *testing.T) {
	dir := t.TempDir()
	h := hosts{"-dir", filepath.Join(dir, "book")}
	assert.Contains(t, h.do(t, "import", "i2pd:"+sample), "12 lines: 9 applied, 0 unchanged, 3 wrong")
	h.do(t, "add", "private.i2p", blinded)
	want := map[string]row{
		"UPPER.i2p":   {"upper.i2p", hash, "base32", "own", ""},
		"private.i2p": {"private.i2p", blinded, "encrypted base32", "own", ""},
	}
	for name, want := range want {
		var rows []row
		require.NoError(t, json.Unmarshal([]byte(h.do(t, "-json", "lookup", name)), &rows))
		assert.Equal(t, []row{want}, rows)
	}
	assert.Regexp(t, `upper\.i2p +`+hash+` +base32 +own`, h.do(t, "lookup", "upper.i2p"))
	assert.Contains(t, h.do(t, "helper", "http://n.i2p/?i2paddresshelper="+blinded), "encrypted base32")

	text, i2pd := filepath.Join(dir, "hosts.txt"), "i2pd:"+filepath.Join(dir, "i2pd")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "i2pd"), 0o700))
	for i, to := range []string{text, i2pd} {
		h.do(t, "export", to)
		other := hosts{"-dir", filepath.Join(dir, "other", string(rune('a'+i)))}
		assert.Contains(t, other.do(t, "import", to), "10 applied")
		assert.Equal(t, h.do(t, "list"), other.do(t, "list"))
	}
	assert.Contains(t, h.do(t, "verify", text), "0 applied, 10 unchanged, 0 wrong")
	out := h.do(t, "export", "java:"+dir)
	assert.Contains(t, out, "0 names added, 0 there already, 0 kept as the router has them, 10 skipped")
}

// An export leaves what the router has, and -n leaves everything.
func TestExportMerges(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "hosts.txt")
	router := "a.i2p=" + identity(t).Destination().Base64() + "#!date=1\n# learnt\n"
	require.NoError(t, os.WriteFile(path, []byte(router), 0o644))
	h := hosts{"-dir", filepath.Join(dir, "book")}
	a, b := identity(t).Destination(), identity(t).Destination()
	h.do(t, "add", "a.i2p", a.Base64())
	h.do(t, "add", "b.i2p", b.Base64())

	out := h.do(t, "-n", "export", "java:"+dir)
	for _, want := range []string{"1 names would be added", "would be added b.i2p", "would be written " + path, "REFUSED: a.i2p"} {
		assert.Contains(t, out, want)
	}
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, router, string(got))

	out = h.do(t, "export", "java:"+dir)
	assert.Contains(t, out, "kept what was there in "+path+".bak")
	got, err = os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, router+"b.i2p="+b.Base64()+"\n", string(got))
	kept, err := os.ReadFile(path + ".bak")
	require.NoError(t, err)
	assert.Equal(t, router, string(kept))
	assert.False(t, strings.Contains(string(got), a.Base64()))
}
