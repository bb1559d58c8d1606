package i2cptest_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/i2cptest"
	"github.com/go-i2p/i2psocks/dialer/internal/i2cpwire"
	"github.com/go-i2p/i2psocks/keys"
)

// violates runs what a client does on a router of each kind, and requires a violation whose text has what.
func violates(t *testing.T, what string, f func(c *client, r *i2cptest.Router)) {
	each(t, func(t *testing.T, kind i2cptest.Kind) {
		nw := network(t)
		r := nw.Start(&i2cptest.Router{Kind: kind, BuildTime: -1})
		c := dial(t, r)
		c.hello()
		f(c, r)
		synctest.Wait()
		assert.Contains(t, fmt.Sprint(nw.Violations()), what)
	})
}

// session makes one with a lease set, on a connection that was greeted.
func (c *client) session() {
	c.create(options())
	c.sid = next[i2cpwire.SessionStatus](c).Session
	c.leaseSet(next[i2cpwire.RequestVariableLeaseSet](c))
	synctest.Wait()
}

// raw sends a message as it is.
func (c *client) raw(kind i2cpwire.Type, body []byte) {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	_, err := c.conn.Write(append(append(b, byte(kind)), body...))
	require.NoError(c.t, err)
}

// changed sends CreateSession with some bytes in the place of others, wherever they are.
func (c *client) changed(o i2cpwire.Mapping, from, to []byte) {
	config, err := i2cpwire.SignSessionConfig(c.id, o, c.date)
	require.NoError(c.t, err)
	b, err := i2cpwire.Append(nil, i2cpwire.CreateSession{SessionConfig: config})
	require.NoError(c.t, err)
	require.Equal(c.t, 1, bytes.Count(b, from))
	_, err = c.conn.Write(bytes.Replace(b, from, to, 1))
	require.NoError(c.t, err)
}

func TestStrictMessages(t *testing.T) {
	violates(t, "is nothing that a client sends", func(c *client, _ *i2cptest.Router) { c.send(i2cpwire.Unknown{Kind: 99}) })
	violates(t, "malformed", func(c *client, _ *i2cptest.Router) { c.raw(i2cpwire.TypeHostLookup, []byte{1, 2, 3}) })
	violates(t, "malformed", func(c *client, _ *i2cptest.Router) { c.raw(i2cpwire.TypeCreateLeaseSet2, []byte{1, 2, 3}) })
	violates(t, "too long", func(c *client, _ *i2cptest.Router) {
		_, err := c.conn.Write([]byte{0, 2, 0, 1, byte(i2cpwire.TypeHostLookup)}) // 131,073 bytes are to come
		require.NoError(c.t, err)
	})
	violates(t, "lookup with the session", func(c *client, _ *i2cptest.Router) {
		c.session()
		c.send(i2cpwire.HostLookup{Session: c.sid + 1, Name: "x.i2p"})
	})
}

func TestStrictSessions(t *testing.T) {
	with := func(k, v string) i2cpwire.Mapping { o := options(); o[k] = v; return o }
	violates(t, "outbound.length", func(c *client, _ *i2cptest.Router) { c.create(with("outbound.length", "8")) })
	violates(t, "is to be a number", func(c *client, _ *i2cptest.Router) { c.create(with("i2p.streaming.profile", "bulk")) })
	violates(t, "not in order", func(c *client, _ *i2cptest.Router) {
		o := with("i2cp.aa", "1")
		o["i2cp.ab"] = "1"
		c.changed(o, []byte("i2cp.aa"), []byte("i2cp.ac"))
	})
	violates(t, "crypto type 4", func(c *client, _ *i2cptest.Router) {
		d := c.id.Destination().Bytes()
		other := bytes.Clone(d)
		other[len(other)-1] = 4
		c.changed(options(), d, other)
	})
}

func TestStrictPayloads(t *testing.T) {
	peer, err := keys.Generate()
	require.NoError(t, err)
	violates(t, "a message of session", func(c *client, _ *i2cptest.Router) {
		c.session()
		c.sid++
		c.message(&client{id: peer}, "hello", 0)
	})
	violates(t, "malformed payload", func(c *client, _ *i2cptest.Router) {
		c.session()
		c.send(i2cpwire.SendMessage{Session: c.sid, To: peer.Destination(), Payload: []byte("hello")})
	})
	violates(t, "a payload of 61441 bytes", func(c *client, _ *i2cptest.Router) {
		c.session()
		body, _ := peer.Destination().AppendBinary(binary.BigEndian.AppendUint16(nil, c.sid))
		body = binary.BigEndian.AppendUint32(body, i2cpwire.MaxPayload+1)
		c.raw(i2cpwire.TypeSendMessage, append(body, make([]byte, i2cpwire.MaxPayload+1+4)...))
	})
	violates(t, "1100 packets of streams", func(c *client, r *i2cptest.Router) {
		c.session()
		silent := up(c.t, r)
		synctest.Wait()
		packet := make([]byte, 22)
		packet[11] = 1 // its sequence number
		payload, err := i2cpwire.AppendPayload(nil, i2cpwire.Header{Protocol: i2cpwire.Streaming}, packet)
		require.NoError(c.t, err)
		for range 1100 {
			c.send(i2cpwire.SendMessage{Session: c.sid, To: silent.id.Destination(), Payload: payload})
		}
	})
}

func TestStrictLeaseSets(t *testing.T) {
	for what, answer := range map[string]func(c *client, m i2cpwire.RequestVariableLeaseSet){
		"a lease set of session": func(c *client, m i2cpwire.RequestVariableLeaseSet) {
			m.Session++
			c.leaseSet(m)
		},
		"not newer": func(c *client, m i2cpwire.RequestVariableLeaseSet) {
			c.leaseSet(m, func(l *i2cpwire.LeaseSet) { l.Published = l.Published.Add(-time.Second) })
		},
		"published at another time": func(c *client, m i2cpwire.RequestVariableLeaseSet) {
			c.leaseSet(m, func(l *i2cpwire.LeaseSet) { l.Published = l.Published.Add(time.Minute) })
		},
		"has ended": func(c *client, m i2cpwire.RequestVariableLeaseSet) {
			time.Sleep(3 * time.Second)
			c.leaseSet(m, func(l *i2cpwire.LeaseSet) { l.Expires = l.Published })
		},
		"is to be published": func(c *client, m i2cpwire.RequestVariableLeaseSet) {
			c.leaseSet(m, func(l *i2cpwire.LeaseSet) { l.Unpublished = true })
		},
		"other leases": func(c *client, m i2cpwire.RequestVariableLeaseSet) {
			m.Leases[0].Tunnel++
			c.leaseSet(m)
		},
		"the encryption key has changed": func(c *client, m i2cpwire.RequestVariableLeaseSet) {
			var err error
			c.key, err = ecdh.X25519().GenerateKey(rand.Reader)
			require.NoError(c.t, err)
			c.leaseSet(m)
		},
		"private/public encryption key mismatch": func(c *client, m i2cpwire.RequestVariableLeaseSet) {
			c.leaseSet(m, func(l *i2cpwire.LeaseSet) { l.Keys[0].Key = make([]byte, 32) })
		},
		"different destination": func(c *client, m i2cpwire.RequestVariableLeaseSet) {
			var err error
			c.id, err = keys.Generate()
			require.NoError(c.t, err)
			c.leaseSet(m)
		},
		"no valid lease set within": func(*client, i2cpwire.RequestVariableLeaseSet) { time.Sleep(11 * time.Second) },
	} {
		violates(t, what, func(c *client, r *i2cptest.Router) {
			c.session()
			r.RequestLeaseSets()
			answer(c, next[i2cpwire.RequestVariableLeaseSet](c))
		})
	}
}
