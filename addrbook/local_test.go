package addrbook_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/keys"
)

// A local book knows what the host says, and nothing that anybody else said, or that was learnt.
func TestLocal(t *testing.T) {
	ctx := t.Context()
	own, given, asked := destination(t), destination(t), destination(t)
	file, err := addrbook.OpenFile(filepath.Join(t.TempDir(), "own.txt"))
	require.NoError(t, err)
	require.NoError(t, file.Add("own.i2p", own))
	hosts := new(addrbook.Hosts)
	require.NoError(t, hosts.Add("given.i2p", given))
	require.NoError(t, hosts.Add("own.i2p", given))
	anything := addrbook.SourceFunc{Func: func(context.Context, string) (keys.Destination, error) { return dest(asked), nil }}
	inner := &addrbook.Book{Sources: []addrbook.Source{hosts, anything}, Router: anything}
	b := &addrbook.Book{Sources: []addrbook.Source{file, &addrbook.Subscription{}, inner, anything}, Router: anything}
	d, err := b.Lookup(ctx, "learnt.i2p")
	require.NoError(t, err)
	require.Equal(t, asked, d)

	local := b.Local()
	assert.Nil(t, local.Router)
	for name, want := range map[string]addrbook.Address{"own.i2p": own, "given.i2p": given} {
		d, err := local.Lookup(ctx, name)
		assert.NoError(t, err)
		assert.Equal(t, want, d, name)
	}
	_, err = local.Lookup(ctx, "learnt.i2p")
	assert.ErrorIs(t, err, addrbook.ErrNotFound)

	require.NoError(t, file.Set("own.i2p", asked))
	d, err = local.Lookup(ctx, "own.i2p")
	require.NoError(t, err)
	assert.Equal(t, asked, d, "the file is the same")
	_, err = new(addrbook.Book).Local().Lookup(ctx, "own.i2p")
	assert.ErrorIs(t, err, addrbook.ErrNotFound)
}

// TestLocalGarliCat: who asks local books for addresses again and again does not have all entries read each time, which would take a
// gigabyte for a hundred at a time.
func TestLocalGarliCat(t *testing.T) {
	hosts := new(addrbook.Hosts)
	for i := range 200 {
		require.NoError(t, hosts.Add(fmt.Sprintf("n%d.i2p", i), destination(t)))
	}
	a := destination(t)
	require.NoError(t, hosts.Add("a.i2p", a))
	addr, _ := i2phost.GarliCatAddrs(dest(a).Hash())
	b := &addrbook.Book{Sources: []addrbook.Source{hosts}}
	look := func() {
		found, err := b.Local().Local().LookupGarliCat(t.Context(), addr)
		assert.NoError(t, err)
		assert.Equal(t, a, found)
	}
	look()
	assert.Less(t, testing.AllocsPerRun(10, look), 100.0)
	require.NoError(t, hosts.Remove("a.i2p"))
	_, err := b.Local().LookupGarliCat(t.Context(), addr)
	assert.ErrorIs(t, err, addrbook.ErrNotFound, "entries that change are read again")
}
