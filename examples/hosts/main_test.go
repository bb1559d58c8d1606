package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/keys"
)

func identity(t *testing.T) keys.Identity {
	id, err := keys.Generate()
	require.NoError(t, err)
	return id
}

// hosts runs the command on the book of the test.
type hosts []string

func (h hosts) try(t *testing.T, args ...string) (string, error) {
	var out bytes.Buffer
	err := run(t.Context(), append(h[:len(h):len(h)], args...), &out, io.Discard)
	return out.String(), err
}

func (h hosts) do(t *testing.T, args ...string) string {
	t.Helper()
	out, err := h.try(t, args...)
	require.NoError(t, err)
	return out
}

// signed makes a feed's line; old is the destination that hands its name over.
func signed(t *testing.T, line string, old *keys.Identity, signer keys.Identity) string {
	r, err := addrbook.ParseRecord(line)
	require.NoError(t, err)
	if old != nil {
		r, err = r.SignOld(*old)
		require.NoError(t, err)
	}
	r, err = r.Sign(signer)
	require.NoError(t, err)
	return r.String() + "\n"
}

func TestFeed(t *testing.T) {
	nw := samtest.NewStrict(t)
	publisher := &i2psocks.Endpoint{SAM: nw.Start(nil).Addr()}
	defer publisher.Close()
	ln, err := publisher.Listen(t.Context(), "tcp", ":80")
	require.NoError(t, err)
	var feed atomic.Value
	go http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, feed.Load().(string)) }))

	owner, next, thief := identity(t), identity(t), identity(t)
	first := signed(t, "shop.i2p="+owner.Destination().Base64()+"#!date=1700000000", nil, owner)
	feed.Store(first)
	h := hosts{"-dir", t.TempDir(), "-sam", nw.Start(nil).Addr()}
	url := "http://" + publisher.Addr().Host + "/hosts.txt"
	assert.Contains(t, h.do(t, "subscribe", url), "1 applied")
	assert.Contains(t, h.do(t, "lookup", "shop.i2p"), owner.String())
	_, err = h.try(t, "subscribe", url)
	assert.ErrorContains(t, err, "already")

	forged := signed(t, "shop.i2p="+thief.Destination().Base64()+"#!action=changedest#date=1700000001#olddest="+thief.Destination().Base64(), &thief, thief)
	feed.Store(first + forged)
	out := h.do(t, "update")
	assert.Contains(t, out, "REFUSED: shop.i2p is "+owner.String()+", offered "+thief.String())
	assert.Contains(t, h.do(t, "lookup", "shop.i2p"), owner.String())

	moved := signed(t, "shop.i2p="+next.Destination().Base64()+"#!action=changedest#date=1700000002#olddest="+owner.Destination().Base64(), &owner, next)
	feed.Store(first + moved)
	assert.Contains(t, h.do(t, "update"), "1 applied")
	var rows []row
	require.NoError(t, json.Unmarshal([]byte(h.do(t, "-json", "lookup", "shop.i2p")), &rows))
	assert.Equal(t, []row{{"shop.i2p", next.String(), "destination", url, next.Destination().Base64()}}, rows)

	feed.Store("<html>")
	out, err = h.try(t, "update")
	assert.ErrorIs(t, err, addrbook.ErrRefused)
	assert.Contains(t, out, "failed: ")
	assert.Contains(t, h.do(t, "list"), next.String())
	_, err = h.try(t, "subscribe", "http://example.com/hosts.txt")
	assert.ErrorIs(t, err, addrbook.ErrURL)
	list, err := os.ReadFile(filepath.Join(h[1], "feeds.txt"))
	require.NoError(t, err)
	assert.Equal(t, url, strings.TrimSpace(string(list)), "what cannot be fetched is not kept")
}

func TestOwnEntries(t *testing.T) {
	h := hosts{"-dir", t.TempDir()}
	a, b := identity(t).Destination(), identity(t).Destination()
	assert.Contains(t, h.do(t, "add", "Bücher.i2p", a.Base64()), "xn--bcher-kva.i2p (bücher.i2p)")
	_, err := h.try(t, "add", "bücher.i2p", b.Base64())
	assert.ErrorIs(t, err, addrbook.ErrConflict)
	h.do(t, "-replace", "add", "bücher.i2p", b.Base64())
	assert.Contains(t, h.do(t, "lookup", "BÜCHER.i2p"), b.Base32())
	assert.Contains(t, h.do(t, "lookup", b.Base32()[:16]+".oc.b32.i2p"), b.Base32())
	h.do(t, "remove", "bücher.i2p")
	_, err = h.try(t, "lookup", "bücher.i2p")
	assert.ErrorIs(t, err, addrbook.ErrNotFound)
	assert.Contains(t, h.do(t, "helper", "http://n.i2p/?i2paddresshelper="+a.Base64()), "proposed by address helper")
	assert.NotContains(t, h.do(t, "list"), "n.i2p", "nothing is added")
	for _, args := range [][]string{
		{}, {"nonsense"}, {"add", "n.i2p"}, {"add", "n.i2p", "x"}, {"add", "n.com", a.Base64()}, {"remove", "n.i2p"},
		{"lookup", "example.com"}, {"lookup", "::1"}, {"update"}, {"helper", "http://n.i2p/"}, {"-nonsense"}, {"import", "missing"}, {"verify", "missing"},
	} {
		_, err := h.try(t, args...)
		assert.Error(t, err, args)
		assert.NotErrorIs(t, err, flag.ErrHelp, "which is a success for a shell: %v", args)
	}
}

func TestImportExport(t *testing.T) {
	a, b := identity(t), identity(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "in.txt")
	text := fmt.Sprintf("# a comment\na.i2p=%s\nb.i2p=%s\nbad line\na.i2p=%s\n", a.Destination().Base64(), b.Destination().Base64(), b.Destination().Base64())
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	h := hosts{"-dir", filepath.Join(dir, "first")}
	out := h.do(t, "import", file)
	assert.Contains(t, out, "4 lines: 2 applied, 0 unchanged, 2 wrong")
	assert.Contains(t, out, "line 4")
	assert.Contains(t, out, "REFUSED: a.i2p is "+a.String())
	want := h.do(t, "list")
	assert.Equal(t, 3, strings.Count(want, "\n"))

	for i, to := range []string{filepath.Join(dir, "out.txt"), "java:" + dir, "i2pd:" + dir} {
		h.do(t, "-n", "export", to)
		h.do(t, "export", to)
		other := hosts{"-dir", filepath.Join(dir, fmt.Sprint("other", i))}
		assert.Contains(t, other.do(t, "import", to), "2 applied", to)
		assert.Equal(t, want, other.do(t, "list"), to)
		assert.Contains(t, other.do(t, "import", to), "0 applied, 2 unchanged", to)
	}
	empty := hosts{"-dir", filepath.Join(dir, "empty")}
	for _, to := range []string{filepath.Join(dir, "none.txt"), "java:" + dir, "i2pd:" + dir} {
		_, err := empty.try(t, "export", to)
		assert.ErrorIs(t, err, addrbook.ErrEmpty, to)
	}
	for _, args := range [][]string{{"export"}, {"-n", "export"}} {
		_, err := h.try(t, append(args, filepath.Join(dir, "out.txt"))...)
		assert.ErrorIs(t, err, os.ErrExist)
	}
	_, err := h.try(t, "import", dir)
	assert.Error(t, err, "a folder cannot be read, and is no bad line")
}

func TestVerify(t *testing.T) {
	a, b := identity(t), identity(t)
	good := signed(t, "a.i2p="+a.Destination().Base64()+"#!date=1700000000", nil, a)
	h := hosts{"-dir", t.TempDir()}
	file := filepath.Join(t.TempDir(), "feed.txt")
	require.NoError(t, os.WriteFile(file, []byte("# x\n"+good+"b.i2p="+b.Destination().Base64()+"\n"), 0o600))
	assert.Contains(t, h.do(t, "verify", file), "2 lines: 1 applied, 1 unchanged, 0 wrong")
	require.NoError(t, os.WriteFile(file, []byte(good+strings.Replace(good, "date=1", "date=2", 1)), 0o600))
	out, err := h.try(t, "verify", file)
	assert.ErrorContains(t, err, "1 of 2 records")
	assert.Contains(t, out, "line 2")
}

func TestProgress(t *testing.T) {
	var w bytes.Buffer
	p := newProgress(&w)
	p.step("%d", 1)
	assert.Empty(t, w.String(), "not at once")
	p.every = 0
	p.step("%d names", 2)
	p.done()
	assert.Equal(t, "2 names\n", w.String())
}
