package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/anacrolix/torrent"
	"github.com/anacrolix/torrent/bencode"
	"github.com/anacrolix/torrent/metainfo"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/dialer/samtest/leaktest"
)

const asProgram = "RUN_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// startTracker serves a tracker at tracker.i2p, as those of I2P are.
func startTracker(t *testing.T, nw *samtest.Network) {
	ep := endpoint(t, nw)
	ln, err := ep.Listen(t.Context(), "tcp", ":80")
	require.NoError(t, err)
	nw.SetHost("tracker.i2p", ep.Addr().Destination)
	var mu sync.Mutex
	var peers []byte
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		visitor, err := i2phost.Parse(host)
		assert.NoError(t, err)
		hash, _ := visitor.Hash()
		mu.Lock()
		defer mu.Unlock()
		if !bytes.Contains(peers, hash[:]) {
			peers = append(peers, hash[:]...)
		}
		w.Write(bencode.MustMarshal(map[string]any{"interval": 1800, "peers": peers}))
	})}
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })
}

func endpoint(t *testing.T, nw *samtest.Network) *i2psocks.Endpoint {
	ep := &i2psocks.Endpoint{SAM: nw.Start(nil).Addr()}
	t.Cleanup(func() { ep.Close() })
	return ep
}

// seed serves a file to who comes, and returns the link to it with whatever leads out of I2P, and what is in it.
func seed(t *testing.T, nw *samtest.Network) (link string, data []byte) {
	ep := endpoint(t, nw)
	client, tr, trackers, data := seedOn(t, ep)
	_, interval, err := announce(t.Context(), ep, trackers[0], client, tr)
	require.NoError(t, err)
	assert.Equal(t, 30*time.Minute, interval)

	query := url.Values{
		"tr":   {"udp://tracker.example:1337/announce", "http://tracker.example/announce", "wss://tracker.example", "http://tracker.i2p/announce.php"},
		"x.pe": {"192.0.2.1:6881", "peer.example:6881"},
		"ws":   {"http://seed.example/"},
		"xs":   {"http://source.example/file.torrent"},
	}
	return "magnet:?xt=urn:btih:" + tr.InfoHash().HexString() + "&" + query.Encode(), data
}

func seedOn(t *testing.T, ep *i2psocks.Endpoint) (client *torrent.Client, tr *torrent.Torrent, trackers []string, data []byte) {
	dir := t.TempDir()
	data = make([]byte, 300_000)
	rand.Read(data)
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, data, 0o600))
	info := metainfo.Info{PieceLength: 32 << 10}
	require.NoError(t, info.BuildFromFilePath(file))
	mi := &metainfo.MetaInfo{InfoBytes: bencode.MustMarshal(info), Announce: "http://tracker.i2p/announce.php", UrlList: []string{"http://seed.example/"}, Nodes: []metainfo.Node{"192.0.2.1:6881"}}
	spec := torrent.TorrentSpecFromMetaInfo(mi)

	client, err := newClient(t.Context(), ep, dir)
	require.NoError(t, err)
	t.Cleanup(func() { client.Close() })
	tr, trackers, err = add(client, spec)
	require.NoError(t, err)
	<-tr.Complete().On()
	return client, tr, trackers, data
}

// TestDownload: a file moves from one client to the other, whatever else the link has.
func TestDownload(t *testing.T) {
	leaktest.Guard(t)
	nw := samtest.NewStrict(t)
	startTracker(t, nw)
	link, data := seed(t, nw)
	ep, dir := endpoint(t, nw), t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	client, err := newClient(ctx, ep, dir)
	require.NoError(t, err)
	defer client.Close()
	assert.Empty(t, client.DhtServers())
	assert.Len(t, client.Listeners(), 1, "that of I2P")
	spec, err := load(link)
	require.NoError(t, err)
	tr, trackers, err := add(client, spec)
	require.NoError(t, err)
	require.Len(t, trackers, 4)
	for _, tracker := range trackers[:3] {
		_, _, err := announce(ctx, ep, tracker, client, tr)
		assert.ErrorIs(t, err, errTracker, tracker)
	}
	tr.AddPeers([]torrent.PeerInfo{{Addr: peerAddr("192.0.2.1")}, {Addr: peerAddr("peer.example")}, {Addr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 6881}}})
	go announceAll(ctx, ep, client, tr, trackers)
	select {
	case <-tr.GotInfo():
	case <-ctx.Done():
		require.FailNow(t, "no peer told what is in it")
	}
	tr.DownloadAll()
	select {
	case <-tr.Complete().On():
	case <-ctx.Done():
		require.FailNow(t, "no peer had it")
	}
	got, err := os.ReadFile(filepath.Join(dir, "file"))
	require.NoError(t, err)
	assert.True(t, bytes.Equal(data, got))
	for _, conn := range tr.PeerConns() {
		assert.Contains(t, conn.RemoteAddr.String(), ".b32.i2p")
	}
}

// TestAnswers: peers that are not in I2P are not taken from a tracker, in whatever form.
func TestAnswers(t *testing.T) {
	hash := bytes.Repeat([]byte{1}, 32)
	const b32 = peerAddr("aeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaq.b32.i2p")
	peers, interval, err := parseAnswer(bencode.MustMarshal(map[string]any{"interval": 60, "peers": hash}))
	require.NoError(t, err)
	assert.Equal(t, time.Minute, interval)
	assert.Equal(t, []torrent.PeerInfo{{Addr: b32, Source: torrent.PeerSourceTracker}}, peers)

	dest := endpoint(t, samtest.NewStrict(t)).Addr().Destination
	peers, _, err = parseAnswer(bencode.MustMarshal(map[string]any{"peers": []map[string]any{
		{"ip": "192.0.2.1", "port": 6881}, {"ip": dest.Base64() + ".i2p", "port": 6881}, {"ip": "peer.example", "port": 1},
	}}))
	require.NoError(t, err)
	assert.Equal(t, []torrent.PeerInfo{{Addr: peerAddr(dest.Base32()), Source: torrent.PeerSourceTracker}}, peers)

	for _, answer := range []any{
		map[string]any{"peers": "\xc0\x00\x02\x01\x1a\xe1"}, map[string]any{"failure reason": "no"}, map[string]any{"peers": 1}, "no",
	} {
		peers, _, err = parseAnswer(bencode.MustMarshal(answer))
		assert.Error(t, err)
		assert.Empty(t, peers)
	}
	peers, _, err = parseAnswer(bencode.MustMarshal(map[string]any{"interval": 60}))
	assert.NoError(t, err)
	assert.Empty(t, peers)
}

// TestConfined runs the program where each packet is looked at.
func TestConfined(t *testing.T) {
	c := leaktest.Confine(t)
	nw := samtest.NewStrict(t)
	require.NoError(t, c.Forward("127.0.0.1:7656", nw.Start(nil).Addr()))
	startTracker(t, nw)
	link, data := seed(t, nw)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	dir := t.TempDir()
	cmd := exec.CommandContext(ctx, os.Args[0], "-dir", dir, link)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start(cmd))
	lines := bufio.NewScanner(out)
	lines.Scan()
	assert.Equal(t, "complete: file", lines.Text())
	got, err := os.ReadFile(filepath.Join(dir, "file"))
	require.NoError(t, err)
	assert.True(t, bytes.Equal(data, got))
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	assert.NoError(t, cmd.Wait())
}
