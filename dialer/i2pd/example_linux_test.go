package i2pd_test

import (
	"context"
	"fmt"
	"log"

	"github.com/go-i2p/i2psocks/dialer/i2pd"
)

// A router that stays has its tunnels when the program starts again.
func ExampleRouter_Stop() {
	path, dir, end := exampleI2PD()
	defer end()
	run := func() (pid int) { // as the program does at each start
		r := &i2pd.Router{Path: path, Dir: dir, Stay: true}
		defer r.Close()
		if err := r.Start(context.Background()); err != nil {
			log.Fatal(err)
		}
		return r.Status().PID
	}
	first := run()
	fmt.Println(run() == first)

	r := &i2pd.Router{Path: path, Dir: dir, Stay: true}
	fmt.Println(r.Stop())
	// Output:
	// true
	// <nil>
}
