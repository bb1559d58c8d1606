package sam

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/keys"
)

func TestParseAccept(t *testing.T) {
	id, err := keys.Generate()
	require.NoError(t, err)
	d := id.Destination()
	for line, want := range map[string][2]uint16{
		d.Base64():                                {0, 0},
		d.Base64() + " FROM_PORT=7 TO_PORT=80":    {7, 80},
		d.Base64() + " TO_PORT=80":                {0, 80},
		d.Base64() + " FROM_PORT=x TO_PORT=7e9":   {0, 0},
		d.Base64() + " FROM_PORT=70000 WHAT=ELSE": {0, 0},
	} {
		from, port, err := parseAccept(line)
		require.NoError(t, err)
		assert.Equal(t, dialer.AddrOf(d, want[0]), from)
		assert.Equal(t, want[1], port)
	}
	for _, line := range []string{
		"", "x", d.Base64()[:500], d.Base64() + "A", "=" + d.Base64(),
		`STREAM STATUS RESULT=I2P_ERROR MESSAGE="Session was closed"`, "STREAM STATUS RESULT=ALREADY_ACCEPTING",
		"STREAM STATUS RESULT=OK", "SESSION STATUS RESULT=I2P_ERROR", `SESSION STATUS MESSAGE="open`,
	} {
		_, _, err := parseAccept(line)
		assert.ErrorIs(t, err, dialer.ErrRouter, "%q must not pass for a peer", line)
	}
}

func FuzzParseAccept(f *testing.F) {
	id, _ := keys.Generate()
	f.Add(id.Destination().Base64() + " FROM_PORT=0 TO_PORT=80")
	f.Add("STREAM STATUS RESULT=I2P_ERROR")
	f.Fuzz(func(t *testing.T, line string) {
		from, _, err := parseAccept(line)
		if (err == nil) == from.Destination.IsZero() {
			t.Fatalf("%q: %v, %v", line, from, err)
		}
	})
}
