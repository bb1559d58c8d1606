package addrbook_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook"
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
