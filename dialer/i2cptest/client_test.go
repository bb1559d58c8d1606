package i2cptest_test

import (
	"crypto/ecdh"
	"crypto/rand"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/i2cptest"
	"github.com/go-i2p/i2psocks/dialer/internal/i2cpwire"
	"github.com/go-i2p/i2psocks/keys"
)

// client speaks I2CP by hand.
type client struct {
	t    *testing.T
	conn net.Conn
	id   keys.Identity
	sid  uint16
	date time.Time
	key  *ecdh.PrivateKey
	last time.Time
}

func options() i2cpwire.Mapping {
	return i2cpwire.Mapping{
		"i2cp.fastReceive": "true", "i2cp.messageReliability": "none", "i2cp.leaseSetType": "3", "i2cp.leaseSetEncType": "4",
		"inbound.length": "3", "outbound.length": "3", "inbound.quantity": "2", "outbound.quantity": "2",
	}
}

func dial(t *testing.T, r *i2cptest.Router) *client {
	conn, err := r.Dial(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	_, err = conn.Write([]byte{i2cpwire.Protocol})
	require.NoError(t, err)
	c := &client{t: t, conn: conn}
	c.id, err = keys.Generate()
	require.NoError(t, err)
	c.key, err = ecdh.X25519().GenerateKey(rand.Reader)
	require.NoError(t, err)
	return c
}

func (c *client) send(m i2cpwire.Message) {
	b, err := i2cpwire.Append(nil, m)
	require.NoError(c.t, err)
	_, err = c.conn.Write(b)
	require.NoError(c.t, err)
}

// read returns the next message, or an error at the end of the connection.
func (c *client) read() (i2cpwire.Message, error) {
	var head [i2cpwire.HeaderLen]byte
	if _, err := io.ReadFull(c.conn, head[:]); err != nil {
		return nil, err
	}
	kind, n, err := i2cpwire.ParseHeader(head, i2cpwire.MaxReceived)
	require.NoError(c.t, err)
	body := make([]byte, n)
	_, err = io.ReadFull(c.conn, body)
	require.NoError(c.t, err)
	return i2cpwire.Parse(kind, body)
}

// next reads a message of a type.
func next[M i2cpwire.Message](c *client) M {
	c.t.Helper()
	m, err := c.read()
	require.NoError(c.t, err)
	require.IsType(c.t, *new(M), m)
	return m.(M)
}

func (c *client) hello() i2cpwire.SetDate {
	c.send(i2cpwire.GetDate{Version: "0.9.66"})
	m := next[i2cpwire.SetDate](c)
	c.date = m.Date
	return m
}

func (c *client) create(o i2cpwire.Mapping) {
	config, err := i2cpwire.SignSessionConfig(c.id, o, c.date)
	require.NoError(c.t, err)
	c.send(i2cpwire.CreateSession{SessionConfig: config})
}

// leaseSet answers a request, with a lease set that may be edited before it is signed.
func (c *client) leaseSet(m i2cpwire.RequestVariableLeaseSet, edit ...func(*i2cpwire.LeaseSet)) {
	now := c.date.Truncate(time.Second)
	if !now.After(c.last) {
		now = c.last.Add(time.Second)
	}
	c.last = now
	l := i2cpwire.LeaseSet{
		Published: now, Expires: m.Leases[0].End, Leases: m.Leases,
		Keys: []i2cpwire.EncryptionKey{{Type: i2cpwire.X25519, Key: c.key.PublicKey().Bytes()}},
	}
	for _, f := range edit {
		f(&l)
	}
	b, err := l.Sign(nil, c.id)
	require.NoError(c.t, err)
	c.send(i2cpwire.CreateLeaseSet2{
		Session: m.Session, Kind: i2cpwire.LeaseSet2Type, LeaseSet: b,
		Keys: []i2cpwire.EncryptionKey{{Type: i2cpwire.X25519, Key: c.key.Bytes()}},
	})
}

// up makes a session with a lease set.
func up(t *testing.T, r *i2cptest.Router) *client {
	c := dial(t, r)
	c.hello()
	c.create(options())
	status := next[i2cpwire.SessionStatus](c)
	require.Equal(t, i2cpwire.SessionCreated, status.State)
	c.sid = status.Session
	start := time.Now()
	m := next[i2cpwire.RequestVariableLeaseSet](c)
	c.date = c.date.Add(time.Since(start))
	c.leaseSet(m)
	return c
}

// message sends data to a peer.
func (c *client) message(to *client, data string, nonce uint32) {
	payload, err := i2cpwire.AppendPayload(nil, i2cpwire.Header{Protocol: i2cpwire.Raw, From: 1, To: 2}, []byte(data))
	require.NoError(c.t, err)
	c.send(i2cpwire.SendMessage{Session: c.sid, To: to.id.Destination(), Payload: payload, Nonce: nonce})
}

func (c *client) receive() string { return payload(c.t, next[i2cpwire.MessagePayload](c)) }

// payload returns the data of a message that came.
func payload(t *testing.T, m i2cpwire.Message) string {
	require.IsType(t, i2cpwire.MessagePayload{}, m)
	_, data, err := i2cpwire.ParsePayload(m.(i2cpwire.MessagePayload).Payload)
	require.NoError(t, err)
	return string(data)
}
