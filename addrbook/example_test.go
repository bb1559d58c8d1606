package addrbook_test

import (
	"fmt"
	"log"
	"strings"

	"github.com/go-i2p/i2psocks/addrbook"
)

const destinationText = "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl9AQUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVpbXF1eX0BBQkNERUZH" +
	"SElKS0xNTk9QUVJTVFVWV1hZWltcXV5fQEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl9AQUJDREVGR0hJSktMTU5P" +
	"UFFSU1RVVldYWVpbXF1eX0BBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5fQEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZX" +
	"WFlaW1xdXl9AQUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVpbXF1eX0BBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5f" +
	"QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl9AQUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVpbXF1eXwOhB7~zzhC-" +
	"HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4BQAEAAcAAA=="

func ExampleParseHosts() {
	file := "# my own\n" +
		"Example.i2p=" + destinationText + " # a friend\n"
	book, err := addrbook.ParseHosts(strings.NewReader(file))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(book["example.i2p"])

	_, err = addrbook.ParseHosts(strings.NewReader(file + "router.i2p=" + destinationText))
	fmt.Println(err)
	// Output:
	// baz5fnifptdznvtavtm5kvpi3lhn54pxhfpwvifwtlx564e272yq.b32.i2p
	// addrbook: hosts line 3: i2phost: malformed I2P host: a reserved name
}
