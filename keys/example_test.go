package keys_test

import (
	"context"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/go-i2p/i2psocks/keys"
)

func ExampleParseDestination() {
	dest, err := keys.ParseDestination(vectorDest)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(dest)
	fmt.Println(dest.SignatureType())

	_, err = keys.ParseDestination(vectorDest + "\n")
	fmt.Println(err)
	// Output:
	// baz5fnifptdznvtavtm5kvpi3lhn54pxhfpwvifwtlx564e272yq.b32.i2p
	// EdDSA_SHA512_Ed25519
	// keys: destination: malformed key: not I2P base64
}

func ExampleIdentity() {
	id, err := keys.ParseIdentity(vectorKey)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%v\n", id)
	fmt.Printf("%#v\n", struct{ ID keys.Identity }{id})
	fmt.Println(len(id.Reveal()), "secret characters")
	// Output:
	// baz5fnifptdznvtavtm5kvpi3lhn54pxhfpwvifwtlx564e272yq.b32.i2p
	// struct { ID keys.Identity }{ID:baz5fnifptdznvtavtm5kvpi3lhn54pxhfpwvifwtlx564e272yq.b32.i2p}
	// 908 secret characters
}

func ExampleLoadOrGenerate() {
	var store keys.Memory // or a Dir, to keep the identity
	ctx := context.Background()

	first, err := keys.LoadOrGenerate(ctx, &store, "mybot")
	if err != nil {
		log.Fatal(err)
	}
	again, err := keys.LoadOrGenerate(ctx, &store, "mybot")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(first.Destination() == again.Destination())
	// Output: true
}

// A server moves to a new address and can still load the old one.
func ExampleRotate() {
	var store keys.Memory // or a Dir
	ctx := context.Background()
	old, err := keys.LoadOrGenerate(ctx, &store, "site")
	if err != nil {
		log.Fatal(err)
	}
	if _, err := keys.Rotate(ctx, &store, "site"); err != nil {
		log.Fatal(err)
	}
	kept, err := store.LoadRetired(ctx, "site", time.Time{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(kept.Destination() == old.Destination())
	// Output: true
}

// The file that i2pkeys writes cannot be used by a router; it is repaired.
func ExampleImport() {
	file := strings.NewReader(vectorDest + " \n" + vectorDest + " " + vectorKey)
	id, format, err := keys.Import(file)
	if err != nil {
		log.Fatal(err)
	}
	dat, err := keys.Export(id, keys.FormatBinary) // for i2pd or Java
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(format, id, len(dat))
	// Output: i2pkeys-damaged baz5fnifptdznvtavtm5kvpi3lhn54pxhfpwvifwtlx564e272yq.b32.i2p 679
}

func ExampleLeaseSetKey() {
	key, err := keys.ParseLeaseSetKey("dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=") // RFC 7748's
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(key)
	fmt.Println(key.Public()) // for the operator of the service
	// Output:
	// secret
	// hSDwCYkwp1R0i33ctD73Wg2~Og0mOBr066SpjqqbTmo=
}
