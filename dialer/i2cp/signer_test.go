package i2cp

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/i2cptest"
	"github.com/go-i2p/i2psocks/keys"
)

var errLocked = errors.New("agent is locked")

// locked signs nothing.
type locked struct{ keys.Identity }

func (locked) Sign([]byte) ([]byte, error) { return nil, errLocked }

// faltering signs, but for some times.
type faltering struct {
	keys.Identity
	signed *atomic.Int32
	fails  func(n int32) bool
}

func (f faltering) Sign(b []byte) ([]byte, error) {
	if f.fails(f.signed.Add(1)) {
		return nil, errLocked
	}
	return f.Identity.Sign(b)
}

// locking signs until it is locked.
type locking struct {
	keys.Identity
	now atomic.Bool
}

func (l *locking) Sign(b []byte) ([]byte, error) {
	if l.now.Load() {
		return nil, errLocked
	}
	return l.Identity.Sign(b)
}

func TestSignerFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		id, err := keys.Generate()
		require.NoError(t, err)
		err = on(t, nw.Start(nil), func(s *Session) { s.Signer = locked{id} }).Up(t.Context())
		assert.ErrorIs(t, err, errLocked)

		// A lease set is tried again within the time that i2pd waits for it.
		for failures, want := range map[int32]error{2: nil, 3: errLocked} {
			id, err := keys.Generate()
			require.NoError(t, err)
			begin := time.Now()
			err = on(t, nw.Start(nil), func(s *Session) {
				s.Signer = faltering{id, new(atomic.Int32), func(n int32) bool { return n > 1 && n <= 1+failures }}
			}).Up(t.Context())
			assert.ErrorIs(t, err, want)
			assert.Less(t, time.Since(begin), 10*time.Second)
		}

		// One that is locked later ends what must be signed, with its reason, and nothing else.
		l := &locking{Identity: id}
		a, b := on(t, nw.Start(nil), func(s *Session) { s.Signer = l }), on(t, nw.Start(nil))
		client, server := streamPair(t, a, b)
		l.now.Store(true)
		_, err = a.DialContext(t.Context(), "tcp", b.Addr().Host+":80")
		assert.ErrorIs(t, err, errLocked)
		_, err = client.Write([]byte("hello"))
		require.NoError(t, err)
		_, err = server.Read(make([]byte, 5))
		require.NoError(t, err)
	})
}
