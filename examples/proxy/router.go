package main

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer/i2pd"
)

const routerUsage = "start a private i2pd if no router answers at -sam and -i2cp (if one of them is given, only there): auto, or the `path` of an i2pd"

// ownRouter gives the endpoint the router of the flag -router, if set.
func ownRouter(how string, ep *i2psocks.Endpoint, stderr io.Writer) (err error) {
	if how == "" {
		return nil
	}
	router := &i2pd.Router{Logger: ep.Logger, Progress: func(s i2pd.Status) {
		fmt.Fprintf(stderr, "private router: %v, %d peers\n", s.State, s.Peers)
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
