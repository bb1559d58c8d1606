package i2cpwire

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"time"

	"github.com/go-i2p/i2psocks/keys"
)

// SessionConfig is what a client wants of a session, signed by its destination: common structures,
// "SessionConfig". Date must be within a quarter of a minute of the router's clock.
type SessionConfig struct {
	Destination keys.Destination
	Options     Mapping
	Date        time.Time
	Signature   []byte

	signed []byte
	sorted bool
}

// Options of a session whose signer is an offline one: I2CP specification, "Offline Signatures".
const (
	optionOfflineExpires   = "i2cp.leaseSetOfflineExpiration"
	optionTransientKey     = "i2cp.leaseSetTransientPublicKey"
	optionOfflineSignature = "i2cp.leaseSetOfflineSignature"
)

var i2pBase64 = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~").Strict()

// SignSessionConfig makes a configuration for the signer's destination. An offline signature goes into the options.
func SignSessionConfig(s keys.Signer, options Mapping, date time.Time) (SessionConfig, error) {
	c := SessionConfig{Destination: s.Destination(), Options: options, Date: date, sorted: true}
	if off, ok := s.(keys.OfflineSigner); ok {
		o := off.OfflineSignature()
		c.Options = make(Mapping, len(options)+3)
		for k, v := range options {
			c.Options[k] = v
		}
		c.Options[optionOfflineExpires] = strconv.FormatInt(o.Expires.Unix(), 10)
		c.Options[optionTransientKey] = strconv.Itoa(int(o.Type)) + ":" + i2pBase64.EncodeToString(o.Key)
		c.Options[optionOfflineSignature] = i2pBase64.EncodeToString(o.Signature)
	}
	b, _ := c.Destination.AppendBinary(nil) // never fails
	b, err := appendMapping(b, c.Options)
	if err != nil {
		return SessionConfig{}, fmt.Errorf("session options: %w", err)
	}
	c.signed = appendDate(b, date)
	if c.Signature, err = s.Sign(c.signed); err != nil {
		return SessionConfig{}, fmt.Errorf("sign session: %w", err)
	}
	return c, nil
}

// Sorted reports whether the options came in ascending order, each once. Java I2P finds the signature wrong if not.
func (c SessionConfig) Sorted() bool { return c.sorted }

// Verify reports whether the signature is the destination's. offline tells whether it may be one by a transient
// key, which i2pd does not know.
func (c SessionConfig) Verify(offline bool) bool {
	if _, ok := c.Options[optionTransientKey]; !ok || !offline {
		return c.Destination.Verify(c.signed, c.Signature)
	}
	o, ok := c.offline()
	return ok && o.Verify(c.Destination) && o.Type.Verify(o.Key, c.signed, c.Signature)
}

func (c SessionConfig) offline() (o keys.OfflineSignature, ok bool) {
	seconds, err := strconv.ParseInt(c.Options[optionOfflineExpires], 10, 64)
	if err != nil {
		return o, false
	}
	var kind int
	var text string
	if n, err := fmt.Sscanf(c.Options[optionTransientKey], "%d:%s", &kind, &text); n != 2 || err != nil {
		return o, false
	}
	o.Expires, o.Type = time.Unix(seconds, 0), keys.SignatureType(kind)
	var err2 error
	o.Key, err = i2pBase64.DecodeString(text)
	o.Signature, err2 = i2pBase64.DecodeString(c.Options[optionOfflineSignature])
	return o, err == nil && err2 == nil
}

func (c SessionConfig) appendTo(b []byte) []byte {
	return append(append(b, c.signed...), c.Signature...)
}

func (c *cursor) sessionConfig() SessionConfig {
	all := c.b
	s := SessionConfig{Destination: c.destination()}
	s.Options, s.sorted = c.mapping()
	s.Date = c.date()
	s.signed = all[:len(all)-len(c.b)]
	s.Signature = c.rest()
	return s
}

// CreateSession makes a session. There must be one for each connection: i2pd breaks the first by a second.
type CreateSession struct{ SessionConfig }

// Type returns [TypeCreateSession].
func (CreateSession) Type() Type { return TypeCreateSession }

func (m CreateSession) appendBody(b []byte) ([]byte, error) { return m.appendTo(b), nil }

func parseCreateSession(c *cursor) CreateSession { return CreateSession{c.sessionConfig()} }

// ReconfigureSession changes the options of a session.
type ReconfigureSession struct {
	Session uint16
	SessionConfig
}

// Type returns [TypeReconfigureSession].
func (ReconfigureSession) Type() Type { return TypeReconfigureSession }

func (m ReconfigureSession) appendBody(b []byte) ([]byte, error) {
	return m.appendTo(append(b, byte(m.Session>>8), byte(m.Session))), nil
}

func parseReconfigureSession(c *cursor) ReconfigureSession {
	return ReconfigureSession{c.u16(), c.sessionConfig()}
}
