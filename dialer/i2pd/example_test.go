package i2pd_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/go-i2p/i2psocks/dialer/i2pd"
)

// exampleI2PD stands for the path of i2pd, and for a folder that is kept.
func exampleI2PD() (path, dir string, end func()) {
	path, err := os.Executable()
	if err == nil {
		dir, err = os.MkdirTemp("", "example")
	}
	if err != nil {
		log.Fatal(err)
	}
	return path, dir, func() { os.RemoveAll(dir) }
}

// Its DialSAM is what Endpoint.Router takes; its address is for other clients of SAM.
func ExampleRouter() {
	path, dir, end := exampleI2PD()
	defer end()
	r := &i2pd.Router{Path: path, Dir: dir}
	defer r.Close()
	address, err := r.Address(context.Background()) // starts it
	if err != nil {
		log.Fatal(err)
	}
	conn, err := r.DialSAM(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	fmt.Println(conn.RemoteAddr().String() == address, r.Status().State)
	// Output: true up
}

// Users may have no i2pd.
func ExampleRouter_Start() {
	r := &i2pd.Router{Path: "/nonexistent/i2pd"}
	defer r.Close()
	err := r.Start(context.Background())
	if errors.Is(err, i2pd.ErrNotFound) {
		fmt.Println("install i2pd, or say where it is")
	}
	// Output: install i2pd, or say where it is
}
