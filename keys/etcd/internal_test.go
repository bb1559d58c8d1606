package etcdkeys

import (
	"io/fs"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-i2p/i2psocks/keys"
)

// Tests have no time for real TTLs.
func init() { minTTL, restTime = time.Second, time.Second }

func TestFloorOfTTL(t *testing.T) {
	assert.GreaterOrEqual(t, floorTTL/3, 6*time.Second, "cutting the sessions, and i2pd's 5 s")
	assert.GreaterOrEqual(t, defaultTTL, floorTTL)
	minTTL = floorTTL
	defer func() { minTTL = time.Second }()
	for d, ok := range map[time.Duration]bool{0: true, floorTTL: true, maxTTL: true, floorTTL - 1: false, time.Second: false, -1: false, maxTTL + 1: false} {
		s := &Store{Client: new(clientv3.Client), TTL: d}
		err := s.usable(t.Context())
		if ok {
			assert.NoError(t, err, d)
		} else {
			assert.ErrorIs(t, err, fs.ErrInvalid, d)
		}
	}
}

func TestDeadline(t *testing.T) {
	now := time.Now()
	d := deadlineAfter(now, 30*time.Second)
	assert.False(t, d.past(now.Add(20*time.Second-1)))
	assert.True(t, d.past(now.Add(20*time.Second)))

	slept := deadline{mono: d.mono, wall: d.wall.Add(-time.Hour)} // the wall clock has gone on
	assert.True(t, slept.past(now))
	setBack := deadline{mono: d.mono, wall: d.wall.Add(time.Hour)}
	assert.True(t, setBack.past(now.Add(20*time.Second)))
}

// heard is the writer of a log that does something whenever there is something to hear.
type heard func()

func (h heard) Write(b []byte) (int, error) { h(); return len(b), nil }

// TestLossWaitsForNoLogger: a handler of the program's own, which may take its time or use the Store, holds up no loss.
func TestLossWaitsForNoLogger(t *testing.T) {
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{"127.0.0.1:1"}, Context: t.Context()}) // where nobody is
	require.NoError(t, err)
	defer client.Close()
	told := make(chan struct{}, 100)
	s := &Store{Client: client, claims: map[string]*claim{"a": {}}}
	s.Logger = slog.New(slog.NewTextHandler(heard(func() {
		<-s.Lost()
		s.usable(t.Context())
		told <- struct{}{}
	}), &slog.HandlerOptions{Level: slog.LevelDebug}))
	se := &session{seconds: 2, cancel: func() {}, done: make(chan struct{})}
	s.session = se
	s.keep(t.Context(), se, time.Now())
	assert.ErrorIs(t, s.lose("again"), ErrLost)
	<-told
}

func FuzzParseRecord(f *testing.F) {
	f.Add([]byte(record{Host: "host", TTL: 30}.String()))
	f.Add([]byte(record{TTL: maxSeconds}.String()))
	for _, bad := range []string{"", "null", "{}", `{"ttl":0}`, `{"ttl":-1}`, `{"ttl":7201}`, `{"ttl":9223372036854775807}`, `{"ttl":1e30}`} {
		f.Add([]byte(bad))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseRecord(b)
		if err != nil {
			assert.ErrorIs(t, err, keys.ErrMalformed)
			assert.Zero(t, r)
			return
		}
		assert.GreaterOrEqual(t, r.wait(), time.Second)
		assert.LessOrEqual(t, r.wait(), 2*maxTTL)
		again, err := parseRecord([]byte(r.String()))
		assert.NoError(t, err)
		assert.Equal(t, r.TTL, again.TTL)
	})
}
