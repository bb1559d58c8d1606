package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/proxy"
)

// What is compared with must work: a stream through it brings what is sent, and its end comes across.
func TestRelays(t *testing.T) {
	site, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer site.Close()
	go func() {
		for {
			c, err := site.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				io.Copy(c, c)
			}()
		}
	}()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, "tcp "+site.Addr().String(), w) }()
	address, err := bufio.NewReader(r).ReadString('\n')
	require.NoError(t, err)

	d, err := proxy.SOCKS5("tcp", address[:len(address)-1], nil, nil)
	require.NoError(t, err)
	c, err := d.Dial("tcp", "site.i2p:80")
	require.NoError(t, err)
	defer c.Close()
	_, err = io.WriteString(c, "hello")
	require.NoError(t, err)
	require.NoError(t, c.(interface{ CloseWrite() error }).CloseWrite())
	got, err := io.ReadAll(c)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(got))

	cancel()
	assert.NoError(t, <-ended)
	assert.ErrorContains(t, run(t.Context(), "none", io.Discard), "no target")
}
