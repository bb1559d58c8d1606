package i2phost_test

import (
	"errors"
	"fmt"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
)

func ExampleParse() {
	for _, s := range []string{
		"Stats.I2P.alt",
		"baz5fnifptdznvtavtm5kvpi3lhn54pxhfpwvifwtlx564e272yq.b32.i2p",
		"z24g4a5ba677htqqxyoxbxiy45f4bglh4tldbg5fbvpr3xegmqjfkmny.b32.i2p",
		"stats.i2p.example.com",
		"0x7f.1",
		"router.i2p",
	} {
		host, err := i2phost.Parse(s)
		switch {
		case errors.Is(err, i2phost.ErrNotI2P):
			fmt.Println("elsewhere:", err)
		case err != nil:
			fmt.Println("refused:", err)
		default:
			fmt.Println(host.Kind(), host)
		}
	}
	// Output:
	// name stats.i2p
	// base32 baz5fnifptdznvtavtm5kvpi3lhn54pxhfpwvifwtlx564e272yq.b32.i2p
	// encrypted base32 z24g4a5ba677htqqxyoxbxiy45f4bglh4tldbg5fbvpr3xegmqjfkmny.b32.i2p
	// elsewhere: i2phost: not an I2P host: its name does not end in .i2p
	// elsewhere: i2phost: not an I2P host: its name does not end in .i2p
	// refused: i2phost: malformed I2P host: a reserved name
}
