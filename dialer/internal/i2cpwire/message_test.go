package i2cpwire

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/keys"
)

// samples returns a message of each kind, some in several forms.
func samples(t testing.TB) []Message {
	id := vectorIdentity(t)
	config, err := SignSessionConfig(id, Mapping{"i2cp.fastReceive": "true", "inbound.length": "3"}, newYear)
	require.NoError(t, err)
	leaseSet, err := vectorLeaseSet().Sign(nil, id)
	require.NoError(t, err)
	encrypted, err := vectorLeaseSet().SignEncrypted(nil, id, Clients{})
	require.NoError(t, err)
	send := SendMessage{7, id.Destination(), []byte("payload"), 9}
	return []Message{
		GetDate{Version: "0.9.66"},
		GetDate{Version: "0.9.66", Options: Mapping{"i2cp.username": "me", "i2cp.password": "secret"}},
		SetDate{time.UnixMilli(1767225600123), "0.9.68"},
		CreateSession{config}, ReconfigureSession{7, config}, DestroySession{7},
		SessionStatus{7, SessionCreated}, Disconnect{"reason"},
		RequestVariableLeaseSet{7, nil},
		RequestVariableLeaseSet{7, []Lease{{[32]byte{1}, 2, time.UnixMilli(1767225600123)}, {[32]byte{2}, 3, newYear}}},
		CreateLeaseSet2{7, LeaseSet2Type, leaseSet, []EncryptionKey{{X25519, repeat(1)}}},
		CreateLeaseSet2{7, EncryptedLeaseSetType, encrypted, []EncryptionKey{{X25519MLKEM768, repeat(1)}, {X25519, repeat(2)}}},
		send, SendMessageExpires{send, FlagNoLeaseSet, time.UnixMilli(1767225600123)},
		MessagePayload{7, 8, []byte("payload")}, MessageStatus{7, 8, StatusNoLeaseSet, 10, 9},
		HostLookup{Session: 7, Request: 8, Timeout: time.Second, Hash: [32]byte{1}},
		HostLookup{Session: NoSession, Request: 8, Timeout: time.Second, Name: "stats.i2p"},
		HostReply{7, 8, HostFound, id.Destination().Bytes()}, HostReply{7, 8, HostFailed, []byte{}},
		DestLookup{[32]byte{1}}, DestReply{repeat(1)},
		GetBandwidthLimits{}, BandwidthLimits{1000, 2000},
		BlindingInfo{7, keys.Ed25519, [32]byte{1}, newYear, ClientKey{}},
		BlindingInfo{7, keys.RedDSA, [32]byte{1}, newYear, ClientKey{DH: [32]byte{2}}},
		BlindingInfo{7, keys.RedDSA, [32]byte{1}, newYear, ClientKey{PSK: [32]byte{2}}},
		Unknown{99, []byte("anything")},
	}
}

// openEnded are the messages in which something may be missing or be behind: a rest that is not looked at, or a part
// that came with a later version.
func openEnded(m Message) bool {
	switch m.(type) {
	case HostReply, DestReply, Unknown, GetDate, SetDate, CreateSession, ReconfigureSession:
		return true
	}
	return false
}

func TestMessages(t *testing.T) {
	seen := make(map[Type]bool)
	for _, m := range samples(t) {
		seen[m.Type()] = true
		b, err := Append([]byte("before"), m)
		require.NoError(t, err)
		require.Equal(t, "before", string(b[:6]))
		kind, n, err := ParseHeader([HeaderLen]byte(b[6:]), MaxSent)
		require.NoError(t, err)
		require.Equal(t, m.Type(), kind)
		body := b[6+HeaderLen:]
		require.Len(t, body, n)

		got, err := Parse(kind, body)
		require.NoError(t, err, kind)
		again, err := Append(nil, got)
		require.NoError(t, err)
		require.Equal(t, b[6:], again, "%v reads as it was written", kind)
		if openEnded(m) {
			continue
		}
		for cut := range body {
			_, err := Parse(kind, body[:cut])
			require.ErrorIs(t, err, ErrMalformed, "%v: prefix of %d bytes", kind, cut)
		}
		_, err = Parse(kind, append(body, 0))
		require.ErrorIs(t, err, ErrMalformed, "%v: a byte behind", kind)
	}
	for kind := range typeNames {
		assert.True(t, seen[kind], "a sample of %v", kind)
	}
}

func TestParseRefuses(t *testing.T) {
	destination := vectors(t)["destination"]
	tests := []struct {
		name string
		kind Type
		body []byte
	}{
		{"GetDate with half a mapping", TypeGetDate, []byte("\x03abc\x00\x05\x01k")},
		{"SetDate after the end of time", TypeSetDate, append([]byte{0xff}, make([]byte, 7)...)},
		{"mapping without its equals sign", TypeGetDate, []byte("\x03abc\x00\x06\x01k:\x01v;")},
		{"mapping without its semicolon", TypeGetDate, []byte("\x03abc\x00\x06\x01k=\x01v,")},
		{"17 leases", TypeRequestVariableLeaseSet, append([]byte{0, 1, 17}, make([]byte, 17*44)...)},
		{"lease set of the old kind", TypeCreateLeaseSet2, append([]byte{0, 1, 1}, destination...)},
		{"meta lease set", TypeCreateLeaseSet2, append([]byte{0, 1, byte(MetaLeaseSetType)}, destination...)},
		{"lookup with options", TypeHostLookup, append([]byte{0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 2}, make([]byte, 32)...)},
		{"lookup of no name", TypeHostLookup, []byte{0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0}},
		{"payload longer than its message", TypeMessagePayload, []byte{0, 1, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 1}},
		{"send to a cut destination", TypeSendMessage, append([]byte{0, 1}, destination[:390]...)},
		{"blinding info with a key of zeros", TypeBlindingInfo, append([]byte{0, 1, 1, 3, 0, 11}, make([]byte, 70)...)},
		{"blinding info with a secret", TypeBlindingInfo, append([]byte{0, 1, 0x10, 3, 0, 11}, make([]byte, 38)...)},
	}
	for _, tt := range tests {
		_, err := Parse(tt.kind, tt.body)
		assert.ErrorIs(t, err, ErrMalformed, tt.name)
	}
	_, _, err := ParseHeader([HeaderLen]byte{0xff, 0xff, 0xff, 0xff, 31}, MaxReceived)
	assert.ErrorIs(t, err, ErrTooLong)
	_, _, err = ParseHeader([HeaderLen]byte{0, 1, 0, 0, 1}, MaxSent)
	assert.ErrorIs(t, err, ErrTooLong)
}

// A payload over the limit aborts a router, so none may leave by any way.
func TestTooLong(t *testing.T) {
	id := vectorIdentity(t)
	send := SendMessage{7, id.Destination(), make([]byte, MaxPayload), 0}
	_, err := Append(nil, send)
	require.NoError(t, err)
	send.Payload = make([]byte, MaxPayload+1)
	for _, m := range []Message{send, SendMessageExpires{SendMessage: send}} {
		b, err := Append([]byte("kept"), m)
		require.ErrorIs(t, err, ErrTooLong)
		require.Equal(t, "kept", string(b))
	}
	b, err := AppendPayload(nil, Header{}, make([]byte, MaxData))
	require.NoError(t, err)
	require.Len(t, b, MaxPayload)
	b, err = AppendPayload([]byte("kept"), Header{}, make([]byte, MaxData+1))
	require.ErrorIs(t, err, ErrTooLong)
	require.Equal(t, "kept", string(b))

	long := strings.Repeat("x", 256)
	for _, m := range []Message{
		GetDate{Version: long}, GetDate{Options: Mapping{long: ""}}, GetDate{Options: Mapping{"": long}}, Disconnect{long},
		HostLookup{Name: long}, RequestVariableLeaseSet{Leases: make([]Lease, MaxLeases+1)},
		MessagePayload{Payload: make([]byte, 1<<16)}, Unknown{99, make([]byte, MaxReceived+1)},
	} {
		_, err := Append(nil, m)
		assert.ErrorIs(t, err, ErrTooLong, m.Type())
	}
	options := make(Mapping)
	for i := range 300 {
		options[strings.Repeat("k", i%200+1)+string(rune('a'+i/200))] = long[:250]
	}
	_, err = SignSessionConfig(id, options, newYear)
	assert.ErrorIs(t, err, ErrTooLong)
}

func TestSessionConfigOrder(t *testing.T) {
	sorted := []byte("\x00\x0c\x01a=\x01v;\x01b=\x01v;")
	for _, tt := range []struct {
		name, mapping string
		sorted        bool
	}{
		{"sorted", "\x00\x0c\x01a=\x01v;\x01b=\x01v;", true},
		{"unsorted", "\x00\x0c\x01b=\x01v;\x01a=\x01v;", false},
		{"twice", "\x00\x0c\x01a=\x01v;\x01a=\x01v;", false},
		{"empty", "\x00\x00", true},
	} {
		m, err := Parse(TypeCreateSession, bytes.Replace(vectors(t)["create"], vectors(t)["mapping"], []byte(tt.mapping), 1))
		require.NoError(t, err)
		assert.Equal(t, tt.sorted, m.(CreateSession).Sorted(), tt.name)
		assert.False(t, m.(CreateSession).Verify(false), tt.name)
	}
	b, err := appendMapping(nil, Mapping{"b": "v", "a": "v"})
	require.NoError(t, err)
	assert.Equal(t, sorted, b)
}

func TestSessionConfigOffline(t *testing.T) {
	id := vectorIdentity(t)
	tr, err := keys.NewTransient(id, time.Now().Add(time.Hour))
	require.NoError(t, err)
	options := Mapping{"inbound.length": "3"}
	c, err := SignSessionConfig(tr, options, newYear)
	require.NoError(t, err)
	assert.Len(t, options, 1, "the caller's options stay as they are")
	b, err := Append(nil, CreateSession{c})
	require.NoError(t, err)
	m, err := Parse(TypeCreateSession, b[HeaderLen:])
	require.NoError(t, err)
	got := m.(CreateSession)
	assert.True(t, got.Verify(true))
	assert.False(t, got.Verify(false), "a router that knows no offline signatures")
	for _, option := range []string{optionOfflineExpires, optionTransientKey, optionOfflineSignature} {
		good := got.Options[option]
		for _, bad := range []string{"", "1", "7:", "x"} {
			got.Options[option] = bad
			assert.False(t, got.Verify(true), "%s=%q", option, bad)
		}
		got.Options[option] = good
	}
	assert.True(t, got.Verify(true))
}
