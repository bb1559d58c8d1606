package ageseal_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/go-i2p/i2psocks/keys"
	"github.com/go-i2p/i2psocks/keys/ageseal"
)

// A directory of plain files is converted, wholly or not at all.
func Example() {
	ctx := context.Background()
	path, err := os.MkdirTemp("", "keys")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(path)
	dir, err := keys.OpenDir(path)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := keys.LoadOrGenerate(ctx, dir, "mybot"); err != nil {
		log.Fatal(err)
	}
	sealer, err := ageseal.Passphrase("correct horse battery staple")
	if err != nil {
		log.Fatal(err)
	}
	sealer.WorkFactor = 10 // too little; only to keep the example short
	if err := dir.Reseal(ctx, sealer); err != nil {
		log.Fatal(err)
	}
	dir.Close()

	_, err = keys.OpenDir(path)
	fmt.Println(errors.Is(err, keys.ErrSealed))
	dir, err = keys.OpenSealedDir(ctx, path, sealer)
	if err != nil {
		log.Fatal(err)
	}
	defer dir.Close()
	fmt.Println(dir.Names(ctx))
	// Output:
	// true
	// [mybot] <nil>
}
