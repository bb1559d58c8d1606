package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/anacrolix/torrent"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/samtest/leaktest"
	"github.com/go-i2p/i2psocks/internal/i2pnet"
	"github.com/go-i2p/i2psocks/internal/routertest"
)

// TestDownloadOnRouters: a file moves between clients on two real i2pd routers. The peer is told again, as the client forgets whom it
// could not reach.
func TestDownloadOnRouters(t *testing.T) {
	nw := i2pnet.Require(t, i2pnet.Config{})
	leaktest.Guard(t)
	seeder := routertest.Endpoint(t, nw, 0)
	_, seeded, _, data := seedOn(t, seeder)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	dir := t.TempDir()
	client, err := newClient(ctx, routertest.Endpoint(t, nw, 1), dir)
	require.NoError(t, err)
	defer client.Close()
	spec, err := load("magnet:?xt=urn:btih:" + seeded.InfoHash().HexString())
	require.NoError(t, err)
	tr, _, err := add(client, spec)
	require.NoError(t, err)
	again := time.NewTicker(5 * time.Second)
	defer again.Stop()
	for informed := tr.GotInfo(); ; {
		tr.AddPeers([]torrent.PeerInfo{{Addr: peerAddr(seeder.Addr().Host)}})
		select {
		case <-informed:
			tr.DownloadAll()
			informed = nil
		case <-tr.Complete().On():
			got, err := os.ReadFile(filepath.Join(dir, "file"))
			require.NoError(t, err)
			assert.True(t, bytes.Equal(data, got))
			return
		case <-again.C:
		case <-ctx.Done():
			require.FailNow(t, "the file did not come")
		}
	}
}
