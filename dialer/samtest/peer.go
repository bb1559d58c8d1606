package samtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/go-i2p/i2psocks/keys"
)

// Peer is somebody else on the network: a session of the bridge's own, which no client has made. Its
// keys may be of types that clients are not to ask a router for. Make it with [Bridge.NewPeer]. Its
// methods may be called by several goroutines.
type Peer struct {
	b *Bridge
	s *session
}

// NewPeer returns a peer with a signing key of any type, such as GOST (9 and 10) or an unassigned one. It lives until
// the bridge is killed. It fails for types whose keys do not fit into the 384 bytes of a destination.
func (b *Bridge) NewPeer(signatureType uint16) (*Peer, error) {
	dest, err := foreign(signatureType)
	if err != nil {
		return nil, err
	}
	var id [16]byte
	rand.Read(id[:])
	s := &session{
		b: b, id: hex.EncodeToString(id[:]), dest: dest, ls: leaseSet{types: []string{"4", "0"}, auth: "0"},
		options: map[string]string{}, ends: make(map[*end]struct{}),
	}
	b.nw.mu.Lock()
	defer b.nw.mu.Unlock()
	if b.down {
		return nil, net.ErrClosed
	}
	b.sessions[s.id] = s
	s.start()
	return &Peer{b, s}, nil
}

// foreign makes a destination with a key certificate of any signature type, and X25519.
func foreign(signatureType uint16) (keys.Destination, error) {
	const fields, keyCertificate, certificateLen, x25519 = 384, 5, 4, 4
	b := make([]byte, fields, fields+7)
	rand.Read(b)
	b = append(b, keyCertificate, 0, certificateLen, byte(signatureType>>8), byte(signatureType), 0, x25519)
	d, err := keys.DestinationFromBytes(b)
	if err != nil {
		return d, fmt.Errorf("samtest: signature type %d: %w", signatureType, err)
	}
	return d, nil
}

// Destination returns who the peer is.
func (p *Peer) Destination() keys.Destination { return p.s.dest }

// Dial connects to a destination, as base32, base64 or name. On i2pd it succeeds as soon as the
// destination is found, accepted or not. It fails with the router's answer.
func (p *Peer) Dial(ctx context.Context, to string) (net.Conn, error) {
	nc, _, err := p.command(ctx, "STREAM CONNECT ID="+p.s.id+" DESTINATION="+to, false)
	return nc, err
}

// Accept waits for the next stream, and returns it with the base64 of who opened it.
func (p *Peer) Accept(ctx context.Context) (net.Conn, string, error) {
	nc, line, err := p.command(ctx, "STREAM ACCEPT ID="+p.s.id, true)
	from, _, _ := strings.Cut(line, " ")
	return nc, from, err
}

// command sends a STREAM command on a connection of its own and reads the answer, and one line more if asked to.
func (p *Peer) command(ctx context.Context, line string, more bool) (net.Conn, string, error) {
	nc, err := p.b.dial(ctx, true)
	if err != nil {
		return nil, "", err
	}
	defer context.AfterFunc(ctx, func() { nc.SetDeadline(time.Unix(1, 0)) })()
	answer, err := exchange(nc, "HELLO VERSION MIN=3.1 MAX=3.3")
	if err == nil {
		answer, err = exchange(nc, line)
	}
	if err == nil && !strings.Contains(answer, "RESULT=OK") {
		err = fmt.Errorf("samtest: %s", answer)
	}
	if err == nil && more {
		answer, err = readLine(nc)
	}
	if err != nil {
		nc.Close()
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, "", err
	}
	return nc, answer, nil
}

func exchange(nc net.Conn, line string) (string, error) {
	if _, err := io.WriteString(nc, line+"\n"); err != nil {
		return "", err
	}
	return readLine(nc)
}

// readLine reads no further than the line.
func readLine(nc net.Conn) (string, error) {
	var line []byte
	for b := make([]byte, 1); ; {
		if _, err := io.ReadFull(nc, b); err != nil {
			return "", err
		}
		if line = append(line, b...); bytes.HasSuffix(line, []byte("\n")) {
			return string(line[:len(line)-1]), nil
		}
	}
}
