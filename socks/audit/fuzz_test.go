package audit

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzStream takes whole streams: in one piece and in pieces they show the same, and memory stays bounded.
func FuzzStream(f *testing.F) {
	files, err := filepath.Glob("testdata/*.bin")
	require.NoError(f, err)
	for _, file := range files {
		b, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(b, byte(7))
	}
	f.Fuzz(func(t *testing.T, b []byte, size byte) {
		whole, pieces := newAuditor(), newAuditor()
		o := observe(t, whole, "", "site.i2p")
		o.Sent(b, true)
		o.Received(b)
		o = observe(t, pieces, "", "site.i2p")
		for rest := bytes.Clone(b); ; {
			n := min(len(rest), 1+int(size))
			_, more, err := o.Sent(rest[:n], n == len(rest))
			require.NoError(t, err)
			require.LessOrEqual(t, len(o.(*stream).buf), defaultSample)
			if rest = rest[n:]; len(rest) == 0 || !more {
				break
			}
		}
		if len(b) < defaultSample {
			assert.Subset(t, rulesOf(whole), rulesOf(pieces))
		}
	})
}

func FuzzDatagram(f *testing.F) {
	for _, name := range []string{"udp-tracker-aria2-1", "udp-tracker-aria2-2", "stun-turnutils"} {
		f.Add(capture(f, name))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		o := observe(t, newAuditor(), "", "site.i2p")
		for range 2 {
			_, err := o.Datagram("site.i2p", b)
			require.NoError(t, err)
		}
	})
}
