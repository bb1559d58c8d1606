package i2phost_test

import (
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
)

func TestGarliCat(t *testing.T) {
	for name, text := range map[string]string{
		"baz5fnifptdznvta.oc.b32.i2p": "fd60:db4d:ddb5:833:d2b5:57c:c796:d660",
		"vifwtlx564e272yq.oc.b32.i2p": "fd60:db4d:ddb5:aa0b:69ae:fdf7:9af:eb10",
		"ktmhezukbp6jyuld.oc.b32.i2p": "fd60:db4d:ddb5:54d8:7266:8a0b:fc9c:5163",
	} {
		addr := netip.MustParseAddr(text)
		got, ok := i2phost.GarliCat(addr)
		assert.True(t, ok)
		assert.Equal(t, name, got)
		for _, in := range []string{name, strings.ToUpper(name)} {
			back, ok := i2phost.ParseGarliCat(in)
			assert.True(t, ok)
			assert.Equal(t, addr, back)
		}
		_, err := i2phost.Parse(name)
		assert.ErrorIs(t, err, i2phost.ErrMalformed, "never to a router")
	}
}

func TestGarliCatAddrs(t *testing.T) {
	b, err := hex.DecodeString(hashHex)
	require.NoError(t, err)
	first, last := i2phost.GarliCatAddrs([32]byte(b))
	assert.Equal(t, "fd60:db4d:ddb5:833:d2b5:57c:c796:d660", first.String())
	assert.Equal(t, "fd60:db4d:ddb5:aa0b:69ae:fdf7:9af:eb10", last.String())
}

func TestGarliCatOthers(t *testing.T) {
	for _, text := range []string{"fd87:d87e:eb43::1", "fd60:db4d:ddb6::1", "fd60:db4d:ddb5::1%eth0", "::1", "::", "1.2.3.4", "::ffff:1.2.3.4"} {
		name, ok := i2phost.GarliCat(netip.MustParseAddr(text))
		assert.False(t, ok, text)
		assert.Empty(t, name)
	}
	_, ok := i2phost.GarliCat(netip.Addr{})
	assert.False(t, ok)
	for _, name := range []string{"", ".oc.b32.i2p", "baz5fnifptdznvta.b32.i2p", "baz5fnifptdznvt.oc.b32.i2p", "baz5fnifptdznvtaa.oc.b32.i2p",
		"baz5fnifptdznvt1.oc.b32.i2p", "a.baz5fnifptdznvta.oc.b32.i2p", "baz5fnifptdz\nvta.oc.b32.i2p", "baz5fnifptdznvta.oc.b32.i2p."} {
		_, ok := i2phost.ParseGarliCat(name)
		assert.False(t, ok, name)
	}
}

func FuzzGarliCat(f *testing.F) {
	f.Add("baz5fnifptdznvta.oc.b32.i2p")
	f.Add("\r\n5fnifptdznvta.oc.b32.i2p")
	f.Fuzz(func(t *testing.T, s string) {
		if addr, ok := i2phost.ParseGarliCat(s); ok {
			name, ok := i2phost.GarliCat(addr)
			require.True(t, ok)
			require.True(t, strings.EqualFold(name, s))
		}
	})
}
