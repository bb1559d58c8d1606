package keys_test

import (
	"context"
	"fmt"
	"log"

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
