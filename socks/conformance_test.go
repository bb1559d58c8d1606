package socks_test

import (
	"context"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-i2p/i2psocks/socks"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write testdata/conformance.md anew")

const conformanceHead = `Made by TestConformance: every version, command and address type, on loopback, with the default policy. A dialer that can only
dial is compared with one that also listens, carries datagrams and looks up names, and with the same where
Server.VirtualAddresses is 10.64.0.0/10. "friend.i2p" exists, "nobody.i2p" does not. The answer to BIND is the first of two.

| version | command | address | only dials | does all | virtual addresses |
|---|---|---|---|---|---|
`

// world is a backend that knows all hosts but nobody.i2p.
type world struct{ *post }

func (w world) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if strings.HasPrefix(address, "nobody.") {
		return nil, &net.DNSError{Name: address, IsNotFound: true}
	}
	return w.post.DialContext(ctx, network, address)
}

type asking struct{ version, command, address, request string }

// askings returns every request of the table.
func askings() (all []asking) {
	commands := []struct {
		name string
		code byte
	}{{"CONNECT", 1}, {"BIND", 2}, {"UDP ASSOCIATE", 3}, {"RESOLVE", 0xF0}, {"RESOLVE_PTR", 0xF1}, {"unknown", 9}}
	names := []string{"friend.i2p", "nobody.i2p", "example.com", "a..i2p"}
	for _, cmd := range commands {
		for _, ip := range []string{"1.2.3.4", "0.0.0.0"} {
			all = append(all, asking{"4", cmd.name, "IPv4 " + ip,
				fmt.Sprintf("04 %02x 00 50 %x 00", cmd.code, netip.MustParseAddr(ip).AsSlice())})
		}
		for _, name := range names {
			all = append(all, asking{"4a", cmd.name, name, fmt.Sprintf("04 %02x 00 50 00 00 00 01 00 %x 00", cmd.code, name)})
		}
		for _, name := range names {
			all = append(all, asking{"5", cmd.name, name, fmt.Sprintf("%s 05 %02x 00 %s", greetNone, cmd.code, name5(name, 80))})
		}
		for _, a := range []struct{ text, hex string }{
			{"IPv4 1.2.3.4", "01 01020304"}, {"IPv4 0.0.0.0", "01 00000000"}, {"IPv4 10.64.0.1", "01 0a400001"},
			{"IPv6 2001:db8::1", "04 20010db8000000000000000000000001"}, {"IPv6 ::", "04 00000000000000000000000000000000"},
			{"unknown type", "09"}, {"empty name", "03 00"},
		} {
			all = append(all, asking{"5", cmd.name, a.text, fmt.Sprintf("%s 05 %02x 00 %s 00 50", greetNone, cmd.code, a.hex)})
		}
	}
	return all
}

func TestConformance(t *testing.T) {
	full := world{newPost()}
	servers := []string{
		listen(t, &socks.Server{Dialer: dial(full.DialContext)}),
		listen(t, &socks.Server{Dialer: world{newPost()}}),
		listen(t, &socks.Server{Dialer: world{newPost()}, VirtualAddresses: netip.MustParsePrefix("10.64.0.0/10")}),
	}
	var table strings.Builder
	table.WriteString(conformanceHead)
	for _, a := range askings() {
		fmt.Fprintf(&table, "| %s | %s | %s |", a.version, a.command, a.address)
		for _, server := range servers {
			fmt.Fprintf(&table, " %s |", answerOf(t, server, a))
		}
		table.WriteString("\n")
	}
	table.WriteString(probeTable(t))
	agrees(t, "testdata/conformance.md", "# What the server answers\n\n"+table.String())
}

// agrees checks that a file is as it should be, or makes it so.
func agrees(t *testing.T, file, want string) {
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(want), 0o644))
		return
	}
	got, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, want, strings.ReplaceAll(string(got), "\r\n", "\n"), "go test ./socks -run TestConformance -update writes it anew")
}

// answerOf asks a server and returns its answer in words.
func answerOf(t *testing.T, server string, a asking) string {
	conn, err := net.Dial("tcp", server)
	require.NoError(t, err)
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	_, err = conn.Write(unhex(t, a.request))
	require.NoError(t, err)
	if a.version != "5" {
		b := make([]byte, 8)
		_, err := io.ReadFull(conn, b)
		require.NoError(t, err)
		require.Zero(t, b[0])
		switch {
		case b[1] == 0x5B && string(b[2:]) == "\x00\x00\x00\x00\x00\x00":
			return "rejected"
		case b[1] == 0x5A && string(b[2:]) == "\x00\x00\x00\x00\x00\x00":
			return "granted"
		case b[1] == 0x5A && string(b[4:]) == "\x00\x00\x00\x00":
			return "granted, with port"
		case b[1] == 0x5A:
			return "granted, with address"
		}
		return hex.EncodeToString(b)
	}
	b := make([]byte, 2+5)
	_, err = io.ReadFull(conn, b)
	require.NoError(t, err)
	require.Equal(t, "\x05\x00\x05", string(b[:3]))
	reply, rest := socks.Reply(b[3]), map[byte]int{1: 5, 3: int(b[6]) + 2, 4: 17}[b[5]]
	require.NotZero(t, rest, "address type of the reply")
	bound := make([]byte, rest)
	_, err = io.ReadFull(conn, bound)
	require.NoError(t, err)
	switch zero := append([]byte{b[6]}, bound...); {
	case reply != socks.Succeeded:
		require.Equal(t, make([]byte, 6), zero, "address of a failure")
		return fmt.Sprintf("%02x %s", byte(reply), reply)
	case b[5] == 3:
		name := strings.NewReplacer(selfB32, "our b32 name", friendB32, "its b32 name").Replace(string(bound[:rest-2]))
		return "00 succeeded, " + name
	case string(zero) != "\x00\x00\x00\x00\x00\x00":
		return "00 succeeded, with address"
	}
	return "00 succeeded"
}
