package leaktest

import (
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestChild is no test: it is the program inside, which does what its arguments say.
func TestChild(t *testing.T) {
	orders := os.Getenv("LEAKTEST_CHILD")
	if orders == "" {
		t.Skip("not a child")
	}
	for order := range strings.FieldsSeq(orders) {
		network, address, _ := strings.Cut(order, "/")
		conn, err := net.DialTimeout(network, address, 200e6)
		if err != nil {
			fmt.Println(err)
			continue
		}
		conn.Write([]byte("x"))
		if network == "tcp" {
			io.Copy(os.Stdout, conn)
		}
		conn.Close()
	}
}

func child(t *testing.T, c *Confined, orders string) string {
	var out strings.Builder
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestChild$")
	cmd.Env = append(os.Environ(), "LEAKTEST_CHILD="+orders)
	cmd.Stdout = &out
	require.NoError(t, c.Start(cmd))
	require.NoError(t, cmd.Wait())
	return out.String()
}

func TestConfined(t *testing.T) {
	t.Cleanup(func() {
		if t.Skipped() && os.Getenv("I2PSOCKS_REQUIRE_ROUTER") == "1" {
			t.Error("namespaces are required")
		}
	})
	router, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer router.Close()
	go func() {
		for {
			conn, err := router.Accept()
			if err != nil {
				return
			}
			io.WriteString(conn, "hello from the router")
			conn.Close()
		}
	}()
	start := func() (*failing, *Confined) {
		f := &failing{TB: t}
		c := Confine(f)
		require.NoError(t, c.Forward("127.0.0.1:7656", router.Addr().String()))
		return f, c
	}
	f, c := start()
	assert.Contains(t, child(t, c, "tcp/127.0.0.1:7656"), "hello from the router")
	assert.Empty(t, c.Strays())
	f.end()
	assert.Empty(t, f.errors)

	for order, stray := range map[string]string{
		"tcp/127.0.0.1:7657":     "TCP to 127.0.0.1:7657",
		"udp/127.0.0.1:53":       "UDP to 127.0.0.1:53",
		"udp/192.0.2.1:53":       "UDP to 192.0.2.1:53",
		"tcp/192.0.2.1:80":       "TCP to 192.0.2.1:80",
		"tcp/[2001:db8:1::1]:80": "TCP to [2001:db8:1::1]:80",
		"udp/127.0.0.1:7656":     "UDP to 127.0.0.1:7656",
	} {
		f, c := start()
		child(t, c, "tcp/127.0.0.1:7656 "+order)
		assert.Contains(t, c.Strays(), stray)
		f.end()
		assert.NotEmpty(t, f.errors, order)
	}
	_, c = start()
	defer c.close()
	assert.Error(t, c.Forward("localhost:1", "127.0.0.1:1"))
	assert.Error(t, c.Forward("127.0.0.1:1", "localhost:1"))
	_, err = c.DialContext(t.Context(), "tcp", "localhost:1")
	assert.Error(t, err)
	_, err = c.DialContext(t.Context(), "tcp", "127.0.0.1:1")
	assert.Error(t, err)
	assert.Empty(t, c.Strays(), "the test's own")
}

// packets are headers as Linux sent them.
var packets = map[string]string{
	"UDP to 192.0.2.1:53":     "4500001d1c2d40004011000a c6336402 c0000201 d4310035 00094a17 78",
	"TCP to 192.0.2.1:80":     "4500003c1c2d400040060000 c6336402 c0000201 d4310050 00000001 00000000 a002faf0 00000000",
	"UDP to [2001:db8::1]:53": "60000000000911402001 0db8000000000000000000000002 2001 0db8000000000000000000000001 d4310035 00094a17 78",
	"ICMP to 192.0.2.1:0":     "4500001c000000004001 0000 c6336402 c0000201 0800f7ff00000000",
}

func TestParsePacket(t *testing.T) {
	for want, text := range packets {
		b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
		require.NoError(t, err)
		p, ok := parsePacket(b)
		assert.True(t, ok)
		assert.Equal(t, want, p.String())
		assert.Equal(t, strings.HasPrefix(want, "TCP"), p.opens)
		assert.False(t, p.own)
		for n := range 20 {
			_, ok := parsePacket(b[:n])
			assert.False(t, ok, n)
		}
	}
}

func FuzzParsePacket(f *testing.F) {
	for _, text := range packets {
		b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, ok := parsePacket(b); ok {
			assert.True(t, p.to.Addr().IsValid())
			assert.False(t, p.own && (p.opens || p.protocol == protoUDP))
		}
	})
}
