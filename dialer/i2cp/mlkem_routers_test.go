package i2cp_test

import (
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2cp"
	"github.com/go-i2p/i2psocks/dialer/sam"
)

// TestMLKEMOnRouters asks real routers for each of the hybrids with ML-KEM, and carries streams between sessions that have the
// same one, another one or none, ours and of programs that speak SAM. A router that is too old for them is asked for X25519
// alone, which the status says.
func TestMLKEMOnRouters(t *testing.T) {
	t.Parallel()
	nw := routers.Require(t)
	with := func(e i2cp.Encryption) func(*i2cp.Session) {
		return func(s *i2cp.Session) { s.LeaseSet.Encryption = e }
	}
	types := []i2cp.Encryption{i2cp.X25519MLKEM512, i2cp.X25519MLKEM768, i2cp.X25519MLKEM1024}
	var near []*i2cp.Session
	var far []dialer.Backend
	for _, e := range types {
		near, far = append(near, over(t, nw, 0, with(e))), append(far, over(t, nw, 1, with(e)))
	}
	theirs := overSAM(t, nw, 1)
	theirs.LeaseSet.Encryption = sam.X25519MLKEM768
	lns := listen(t, append(far, over(t, nw, 1), theirs, near[1], near[2])...)
	for _, tt := range []struct {
		name string
		from dialer.Backend
		to   net.Listener
	}{
		// Nobody is called by two: i2pd drops a first call that comes within 200 ms of another's.
		{"512 to 512", near[0], lns[0]}, {"768 to 768", near[1], lns[1]}, {"1024 to 1024", near[2], lns[2]},
		{"768 to none", near[1], lns[3]}, {"512 to 1024", far[0], lns[6]},
		{"768 to SAM", near[1], lns[4]}, {"SAM to 768", theirs, lns[5]},
	} {
		t.Run(tt.name, func(t *testing.T) { require.NoError(t, swap(t.Context(), tt.from, tt.to, 1<<14)) })
	}
	for i, s := range near {
		status := s.Status().Router
		assert.Equal(t, strings.Contains(status, "I2CP 0.9."), !strings.Contains(status, "without ML-KEM"), "%d: %s", types[i], status)
	}
}
