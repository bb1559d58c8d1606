package addrbook_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/netip"
	"strings"

	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/keys"
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

func ExampleBook() {
	friend, err := addrbook.ParseAddress(destinationText)
	if err != nil {
		log.Fatal(err)
	}
	own := new(addrbook.Hosts)
	if err := own.Add("friend.i2p", friend); err != nil {
		log.Fatal(err)
	}
	book := &addrbook.Book{Sources: []addrbook.Source{own}}
	ctx := context.Background()
	fmt.Println(book.Lookup(ctx, "Friend.I2P"))
	_, err = book.Lookup(ctx, "stranger.i2p")
	fmt.Println(errors.Is(err, addrbook.ErrNotFound))
	fmt.Println(book.LookupGarliCat(ctx, netip.MustParseAddr("fd60:db4d:ddb5:833:d2b5:57c:c796:d660")))
	// Output:
	// baz5fnifptdznvtavtm5kvpi3lhn54pxhfpwvifwtlx564e272yq.b32.i2p <nil>
	// true
	// baz5fnifptdznvtavtm5kvpi3lhn54pxhfpwvifwtlx564e272yq.b32.i2p <nil>
}

func ExampleRecord_Sign() {
	id, err := keys.Generate()
	if err != nil {
		log.Fatal(err)
	}
	r := addrbook.Record{
		Name: "example.i2p", Destination: id.Destination(),
		Properties: []addrbook.Property{{Key: "date", Value: "1700000000"}},
	}
	if r, err = r.Sign(id); err != nil {
		log.Fatal(err)
	}
	fmt.Println(r.Verify())
	r.Name = "another.i2p"
	fmt.Println(r.Verify())
	// Output:
	// <nil>
	// missing or wrong signature: sig
}

func ExampleParseAddressHelper() {
	p, u, err := addrbook.ParseAddressHelper("http://example.i2p/page?i2paddresshelper=" + destinationText)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(u, p.Name, p.Address)
	// Output:
	// http://example.i2p/page example.i2p baz5fnifptdznvtavtm5kvpi3lhn54pxhfpwvifwtlx564e272yq.b32.i2p
}
