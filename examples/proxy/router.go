package main

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer/i2pd"
)

const routerUsage = "start a router if none answers at -sam or, unless one of them alone is given, -i2cp: auto (the i2pd in PATH) or the `path` of an i2pd"

// ownRouter gives the endpoint the router of the flag -router, if there is one.
func ownRouter(how string, ep *i2psocks.Endpoint, stderr io.Writer) (err error) {
	if how == "" {
		return nil
	}
	router := &i2pd.Router{Logger: ep.Logger, Progress: func(s i2pd.Status) {
		fmt.Fprintf(stderr, "own router: %v, %d peers\n", s.State, s.Peers)
	}}
	if how != "auto" {
		router.Path = how
	}
	ep.Router = router
	if ep.Dir != "" {
		router.Dir, err = filepath.Abs(filepath.Join(ep.Dir, "i2pd"))
	}
	return err
}
