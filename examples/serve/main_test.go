package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer/samtest"
)

func TestServe(t *testing.T) {
	nw := samtest.NewStrict(t)
	visitor := &i2psocks.Endpoint{SAM: nw.Start(nil).Addr()}
	defer visitor.Close()
	dir, root := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "page.txt"), []byte("a file"), 0o600))
	require.NoError(t, os.Symlink(filepath.Join(dir, "keys"), filepath.Join(root, "linked")))
	bridge := nw.Start(nil)
	var first string
	for _, tc := range []struct{ root, path, want string }{{"", "", visitor.Addr().Host}, {root, "page.txt", "a file"}} {
		ctx, cancel := context.WithCancel(t.Context())
		r, w := io.Pipe()
		ended := make(chan error, 1)
		go func() {
			ended <- run(ctx, []string{"-sam", bridge.Addr(), "-dir", dir, "-length", "0", "-root", tc.root}, w, io.Discard)
			w.Close()
		}()
		lines := bufio.NewScanner(r)
		require.True(t, lines.Scan())
		address := lines.Text()
		if first == "" {
			first = address
		}
		assert.Equal(t, first, address, "the address stays")
		assert.True(t, strings.HasSuffix(address, ".b32.i2p/"))
		resp, err := visitor.HTTPClient().Get(address + tc.path)
		require.NoError(t, err)
		assert.Equal(t, http.StatusOK, resp.StatusCode)
		page, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		assert.Contains(t, string(page), tc.want)
		resp.Body.Close()
		resp, err = visitor.HTTPClient().Get(address + "linked/site.key")
		require.NoError(t, err)
		page, err = io.ReadAll(resp.Body)
		require.NoError(t, err)
		assert.Less(t, len(page), 100, "no key")
		resp.Body.Close()
		cancel()
		assert.NoError(t, <-ended)
		visitor.HTTPClient().CloseIdleConnections()
	}
}

func TestWrongUse(t *testing.T) {
	for _, args := range [][]string{{"-what"}, {"extra"}} {
		assert.ErrorIs(t, run(t.Context(), args, io.Discard, io.Discard), errUsage, args)
	}
	for _, args := range [][]string{{"-length", "8"}, {"-length", "-1"}, {"-root", t.TempDir() + "/none"}} {
		assert.ErrorContains(t, run(t.Context(), args, io.Discard, io.Discard), args[0], args)
	}
}

// TestKeysAreNotServed: a directory with the keys of the site in it is not served.
func TestKeysAreNotServed(t *testing.T) {
	root := t.TempDir()
	t.Chdir(root)
	bridge := samtest.NewStrict(t).Start(nil)
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(root, link))
	for _, args := range [][]string{{"-root", "."}, {"-root", root, "-dir", "a/b"}, {"-root", link, "-dir", "."}, {"-root", root, "-dir", link}} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		assert.ErrorContains(t, run(ctx, append([]string{"-sam", bridge.Addr()}, args...), io.Discard, io.Discard), "keys", args)
		cancel()
	}
}
