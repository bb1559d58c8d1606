package sam

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/wire"
	"github.com/go-i2p/i2psocks/keys"
)

// TestTargetError is the table of what routers answer and what it means.
func TestTargetError(t *testing.T) {
	id, err := keys.Generate()
	require.NoError(t, err)
	const (
		name = "name.i2p"
		b32  = "baz5fnifptdznvtavtm5kvpi3lhn54pxhfpwvifwtlx564e272yq.b32.i2p"
		b33  = "z24g4a5ba677htqqxyoxbxiy45f4bglh4tldbg5fbvpr3xegmqjfkmny.b32.i2p"
	)
	long := id.Destination().Base64()
	for _, tc := range []struct {
		host, reply string
		took        time.Duration
		want        error
	}{
		{name, "RESULT=OK", 0, nil},
		{name, "RESULT=INVALID_KEY", 0, dialer.ErrNameNotFound},
		{name, `RESULT=INVALID_KEY MESSAGE="Host name not found: name.i2p"`, 0, dialer.ErrNameNotFound},
		{name, "RESULT=KEY_NOT_FOUND", 0, dialer.ErrNameNotFound},
		{b32, "RESULT=KEY_NOT_FOUND", 0, dialer.ErrLeaseSetNotFound},
		{b32, `RESULT=INVALID_KEY MESSAGE="Lease set not found: x"`, 15 * time.Second, dialer.ErrLeaseSetNotFound},
		{b33, "RESULT=INVALID_KEY", 0, dialer.ErrLeaseSetNotFound},
		{long, "RESULT=INVALID_KEY", 0, dialer.ErrBadDestination},
		{b32, "RESULT=CANT_REACH_PEER", 0, dialer.ErrLeaseSetNotFound},
		{b32, `RESULT=CANT_REACH_PEER MESSAGE="Connection reset"`, 3 * time.Second, dialer.ErrRefused},
		{long, `RESULT=CANT_REACH_PEER MESSAGE="Connection timed out"`, time.Minute, dialer.ErrTimeout},
		{b32, "RESULT=PEER_NOT_FOUND", 0, dialer.ErrLeaseSetNotFound},
		{b32, "RESULT=LEASESET_NOT_FOUND", 0, dialer.ErrLeaseSetNotFound},
		{b32, "RESULT=CONNECTION_REFUSED", 0, dialer.ErrRefused},
		{b32, "RESULT=TIMEOUT", 0, dialer.ErrTimeout},
		{b32, "RESULT=INVALID_ID", 0, dialer.ErrRouterDown},
		{b32, "RESULT=I2P_ERROR MESSAGE=x", 0, dialer.ErrRouter},
		{b32, "RESULT=ALREADY_ACCEPTING", 0, dialer.ErrRouter},
		{b32, "RESULT=NOVERSION", 0, dialer.ErrRouter},
		{b32, "RESULT=DUPLICATED_ID", 0, dialer.ErrRouter},
		{b32, "RESULT=DUPLICATED_DEST", 0, dialer.ErrIdentityInUse},
		{b32, "RESULT=SOMETHING_NEW", 0, dialer.ErrRouter},
		{b32, "", 0, dialer.ErrRouter},
	} {
		host, err := i2phost.Parse(tc.host)
		require.NoError(t, err)
		m, err := wire.Parse("STREAM STATUS " + tc.reply)
		require.NoError(t, err)
		got := targetError(m, host, tc.took)
		assert.ErrorIs(t, got, tc.want, "%s to %s", tc.reply, tc.host[:8])
		assert.Equal(t, tc.want == dialer.ErrTimeout, errors.Is(got, os.ErrDeadlineExceeded))
		if tc.want != nil {
			e, ok := errors.AsType[*ResultError](got)
			require.True(t, ok)
			assert.Equal(t, m.Get("RESULT"), e.Result)
			assert.Equal(t, m.Get("MESSAGE"), e.Message)
		}
	}
}

// TestEchoingBridge: a bridge that answers with what it is told has no error repeat it.
func TestEchoingBridge(t *testing.T) {
	key := keys.GenerateLeaseSetKey()
	for _, answer := range []string{
		"SESSION STATUS RESULT=I2P_ERROR MESSAGE=\"%s\"", "SESSION STATUS RESULT=%s", "SESSION STATUS RESULT=OK DESTINATION=%s", "%s",
		"HELLO REPLY RESULT=I2P_ERROR MESSAGE=\"%s\"", "HELLO REPLY RESULT=%s", "HELLO REPLY RESULT=OK VERSION=%s",
	} {
		synctest.Test(t, func(t *testing.T) { testEcho(t, key, answer) })
	}
}

func testEcho(t *testing.T, key keys.LeaseSetKey, answer string) {
	id, err := keys.Generate()
	require.NoError(t, err)
	s := &Session{
		Identity: id, LeaseSet: LeaseSet{Key: key}, User: "alice", Password: func() string { return "opensesame" },
		DialBridge: func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			go echo(far, answer)
			return near, nil
		},
	}
	err = s.Up(t.Context())
	require.Error(t, err)
	for _, secret := range []string{id.Reveal(), id.Reveal()[520:560], key.Reveal(), key.Reveal()[:20], "opensesame"} {
		assert.NotContains(t, err.Error(), secret, answer)
	}
	require.NoError(t, s.Close())
}

// echo shakes hands, unless that is what it is to spoil, and answers all else with itself.
func echo(conn net.Conn, answer string) {
	defer conn.Close()
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		line := strings.ReplaceAll(lines.Text(), `"`, "")
		if strings.HasPrefix(line, "HELLO") && !strings.HasPrefix(answer, "HELLO") {
			fmt.Fprintln(conn, "HELLO REPLY RESULT=OK VERSION=3.1")
			continue
		}
		if !strings.Contains(answer, `"`) {
			line = strings.ReplaceAll(line, " ", "_")
		}
		fmt.Fprintf(conn, answer+"\n", line)
	}
}
