package i2pidn_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/addrbook/i2pidn"
)

func TestToASCII(t *testing.T) {
	for in, want := range map[string]string{
		"bücher.i2p": "xn--bcher-kva.i2p", "BÜCHER.I2P": "xn--bcher-kva.i2p", "bu\u0308cher.i2p": "xn--bcher-kva.i2p",
		"例え.i2p": "xn--r8jz45g.i2p", "a.bücher。i2p": "a.xn--bcher-kva.i2p", "ｓtats.i2p": "stats.i2p",
		"stats.i2p": "stats.i2p", "Stats.I2P.": "stats.i2p", "xn--bcher-kva.i2p": "xn--bcher-kva.i2p",
	} {
		got, err := i2pidn.ToASCII(in)
		require.NoError(t, err, in)
		assert.Equal(t, want, got.String(), in)
	}
	for in, want := range map[string]error{
		"bücher.com": i2phost.ErrNotI2P, "example.com": i2phost.ErrNotI2P, "a\u200bb.i2p": nil, "ⓡouter.i2p": i2phost.ErrMalformed,
		"ü\n.i2p": i2phost.ErrMalformed, "ü ü.i2p": i2phost.ErrMalformed, "\xff.i2p": i2phost.ErrMalformed, "": i2phost.ErrMalformed,
		"ｂaz5fnifptdznvtavtm5kvpi3lhn54pxhfpwvifwtlx564e272yq.b32.i2p": i2phost.ErrMalformed,
	} {
		got, err := i2pidn.ToASCII(in)
		if want == nil { // mapped away
			require.NoError(t, err)
			assert.Equal(t, "ab.i2p", got.String())
			continue
		}
		assert.ErrorIs(t, err, want, in)
		assert.Zero(t, got)
	}
}

func TestDisplay(t *testing.T) {
	for name, want := range map[string]string{
		"xn--bcher-kva.i2p": "bücher.i2p", "xn--r8jz45g.i2p": "xn--r8jz45g.i2p", // two scripts, as is usual in Japanese
		"stats.i2p": "stats.i2p", "xn--80ak6aa92e.i2p": "аррӏе.i2p", // of one script, and yet no apple
		"xn--pple-43d.i2p": "xn--pple-43d.i2p", // Cyrillic and Latin
		"xn--.i2p":         "xn--.i2p", "no name": "no name",
	} {
		assert.Equal(t, want, i2pidn.Display(name))
	}
}

func FuzzToASCII(f *testing.F) {
	f.Add("bücher.i2p")
	f.Add("a。i2p")
	f.Add("xn--80ak6aa92e.i2p")
	f.Fuzz(func(t *testing.T, s string) {
		host, err := i2pidn.ToASCII(s)
		if err != nil {
			require.Zero(t, host)
			return
		}
		again, err := i2pidn.ToASCII(host.String())
		require.NoError(t, err)
		require.Equal(t, host, again)
		shown, err := i2pidn.ToASCII(i2pidn.Display(host.String()))
		require.NoError(t, err)
		require.Equal(t, host, shown, "what is displayed leads to the same place")
	})
}

func Example() {
	host, err := i2pidn.ToASCII("Bücher.i2p")
	fmt.Println(host, err)
	fmt.Println(i2pidn.Display(host.String()))
	// Output:
	// xn--bcher-kva.i2p <nil>
	// bücher.i2p
}
