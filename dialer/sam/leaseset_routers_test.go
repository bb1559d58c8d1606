package sam_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/internal/i2pnet"
	"github.com/go-i2p/i2psocks/keys"
)

// TestEncryptedLeaseSetsOnRouters hides services from all but those who know their names, and from all but
// clients with a key, on real i2pd routers.
func TestEncryptedLeaseSetsOnRouters(t *testing.T) {
	t.Parallel()
	nw := i2pnet.Require(t, i2pnet.Config{})
	direct := sam.Tunnels{Length: -1, Quantity: 1}
	var sessions []*sam.Session
	session := func(router int, set sam.LeaseSet) *sam.Session {
		s := &sam.Session{Address: nw.SAM(router), DialBridge: nw.DialContext, Inbound: direct, Outbound: direct, LeaseSet: set}
		s.Options = map[string]string{"i2p.streaming.initialAckDelay": "200", "i2cp.gzip": "false", "crypto.tagsToSend": "40"}
		sessions = append(sessions, s)
		return s
	}
	t.Cleanup(func() {
		var closing sync.WaitGroup
		for _, s := range sessions {
			closing.Go(func() { s.Close() })
		}
		closing.Wait()
	})
	key := keys.GenerateLeaseSetKey()
	services := map[string]*sam.Session{
		"none": session(0, sam.LeaseSet{Encrypted: true, Encryption: sam.X25519MLKEM768}),
		"DH":   session(0, sam.LeaseSet{Encrypted: true, Encryption: sam.X25519MLKEM512, Clients: []sam.LeaseSetClient{{Name: "me", Public: key.Public()}}}),
		"PSK": session(0, sam.LeaseSet{
			Encrypted: true, Encryption: sam.X25519MLKEM1024,
			Clients: []sam.LeaseSetClient{{Shared: keys.GenerateLeaseSetKey()}, {Name: "Zoë B.", Shared: key}},
		}),
	}
	var err error
	services["DH"].Identity, err = keys.GenerateRedDSA()
	require.NoError(t, err)
	known, stranger := session(1, sam.LeaseSet{Key: key}), session(1, sam.LeaseSet{Key: keys.GenerateLeaseSetKey()})
	anybody := session(1, sam.LeaseSet{Encryption: sam.X25519MLKEM768})
	var starting errgroup.Group
	for name, s := range services {
		starting.Go(func() error { return greet(t.Context(), s, name) })
	}
	for _, s := range []*sam.Session{known, stranger, anybody} {
		starting.Go(func() error { return s.Up(t.Context()) })
	}
	require.NoError(t, starting.Wait())
	st := services["none"].Status().Router
	assert.Equal(t, strings.Contains(st, "SAM 3.1"), strings.Contains(st, "without ML-KEM"), st)

	var asking errgroup.Group
	for name, s := range services {
		locked := name != "none"
		refused := func(client *sam.Session, host string) {
			asking.Go(func() error {
				_, err := try(t.Context(), client, host)
				if err == nil {
					return errors.New(name + " lets a stranger in")
				}
				t.Log(name, "to a stranger:", err)
				return nil
			})
		}
		for _, client := range []*sam.Session{known, stranger, anybody} {
			switch {
			case locked && client != known:
				refused(client, s.EncryptedHost())
				refused(client, s.Addr().Host)
			case client == stranger:
				refused(client, s.Addr().Host)
			default:
				asking.Go(func() error { return ask(t.Context(), client, s.EncryptedHost(), name+" "+client.Addr().Host) })
			}
		}
	}
	require.NoError(t, asking.Wait())
}

// greet listens, and tells each peer the name of the service and who the peer is.
func greet(ctx context.Context, s *sam.Session, name string) error {
	ln, err := s.Listen(ctx, "tcp", ":80")
	if err != nil {
		return err
	}
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				peer, _, _ := strings.Cut(conn.RemoteAddr().String(), ":")
				io.WriteString(conn, name+" "+peer)
				io.Copy(io.Discard, conn) // until the peer has it
			}()
		}
	}()
	return nil
}

var errSilence = errors.New("the stream said nothing")

// ask wants a greeting within some tries.
func ask(ctx context.Context, s *sam.Session, host, want string) error {
	var err error
	for range 5 {
		var got string
		if got, err = try(ctx, s, host); err == nil && got != want {
			return fmt.Errorf("%q greets with %q", want, got)
		}
		if err == nil {
			return nil
		}
	}
	return fmt.Errorf("%s: %w", want, err)
}

// try dials and returns the greeting. i2pd may open a stream of which the peer never hears, so that only a
// greeting counts.
func try(ctx context.Context, s *sam.Session, host string) (string, error) {
	conn, err := s.DialContext(ctx, "tcp", host+":80")
	if err != nil {
		return "", err
	}
	defer conn.Close()
	conn.SetReadDeadline(time.Now().Add(12 * time.Second))
	buf := make([]byte, 256)
	n, err := conn.Read(buf)
	if n == 0 {
		return "", errors.Join(errSilence, err)
	}
	return string(buf[:n]), nil
}
