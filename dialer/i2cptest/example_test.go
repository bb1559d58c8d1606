package i2cptest_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2cp"
	"github.com/go-i2p/i2psocks/dialer/i2cptest"
)

// A session survives a restart of its router.
func Example() {
	nw := i2cptest.NewNetwork() // in a test: i2cptest.NewStrict(t)
	defer nw.Close()
	router := nw.Start(nil)
	ctx := context.Background()
	s := &i2cp.Session{Address: router.Addr()}
	defer s.Close()
	if err := s.Up(ctx); err != nil {
		log.Fatal(err)
	}

	router.Kill()
	if err := router.Restart(); err != nil {
		log.Fatal(err)
	}
	if err := s.Up(ctx); err != nil {
		log.Fatal(err)
	}
	_, err := s.DialContext(ctx, "tcp", "nobody.i2p:80")
	fmt.Println(s.Status().State, errors.Is(err, dialer.ErrNameNotFound))
	// Output: up true
}
