package addrbook_test

import (
	"maps"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook"
)

// TestRealNames: names of the public network come out as who they are there, from a hosts.txt, and
// from the books that Java I2P and i2pd make of it.
func TestRealNames(t *testing.T) {
	f, err := os.Open("testdata/hosts.txt")
	require.NoError(t, err)
	defer f.Close()
	hosts, err := addrbook.ReadHosts(f, nil)
	require.NoError(t, err)

	java, i2pd := t.TempDir(), t.TempDir()
	write(t)(addrbook.JavaBooks{Router: hosts}.Merge(java))
	write(t)(addrbook.MergeI2PD(i2pd, hosts))
	fromJava, err := addrbook.ReadJava(os.DirFS(java), nil)
	require.NoError(t, err)
	fromI2PD, err := addrbook.ReadI2PD(os.DirFS(i2pd), nil)
	require.NoError(t, err)
	want := map[string]string{
		"stats.i2p":       "kqypgjpjwrphnzebod5ev3ts2vtii6e5tntrg4rnfijqc7rypldq.b32.i2p",
		"i2p-projekt.i2p": "udhdrtrcetjm5sxzskjyr5ztpeszydbh4dpl3pl4utgqqw2v4jna.b32.i2p",
		"identiguy.i2p":   "3mzmrus2oron5fxptw7hw2puho3bnqmw2hqy7nw64dsrrjwdilva.b32.i2p",
		"no.i2p":          "lpsg4x4gdrf7antxcdy47cl6abcqei5ommgzt55retq7go5ku3ba.b32.i2p",
		"i2pjump.i2p":     "2mwcgdjvfvd3xwumzqzqntual3l57h3zo7lwdmkjboeraudpkyka.b32.i2p",
	}
	for source, h := range map[string]*addrbook.Hosts{"hosts.txt": hosts, "Java I2P": fromJava.Router, "i2pd": fromI2PD} {
		got := make(map[string]string)
		for name, d := range maps.Collect(h.All()) {
			got[name] = d.Base32()
		}
		assert.Equal(t, want, got, source)
	}
}
