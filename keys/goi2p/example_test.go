package goi2p_test

import (
	"fmt"
	"log"

	"github.com/go-i2p/i2psocks/keys"
	"github.com/go-i2p/i2psocks/keys/goi2p"
)

func Example() {
	id, err := keys.Generate()
	if err != nil {
		log.Fatal(err)
	}
	k := goi2p.ToI2PKeys(id) // for onramp, sam3 or go-sam-go
	back, err := goi2p.FromI2PKeys(k)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(back.Destination() == id.Destination())
	// Output: true
}
