package sam

import (
	"context"

	"github.com/go-i2p/i2psocks/dialer/internal/wire"
)

// kind is the router's make. Routers read SAM differently, and it is not in what they say of themselves.
type kind int

const (
	java kind = iota
	i2pd
)

// router is what answers on the bridge.
type router struct {
	hello
	kind     kind
	fallback bool // the session's encryption is not what was wanted
}

func (r router) String() string {
	name := "Java I2P, SAM " + r.version
	if r.kind == i2pd {
		name = "i2pd, SAM " + r.version
	}
	if r.fallback {
		name += ", without ML-KEM"
	}
	return name
}

// ports reports whether streams carry port numbers.
func (r router) ports() bool { return r.kind == java && r.modern() }

// learn finds out the kind of the router. i2pd up to 2.57 is the only one that
// stops at SAM 3.1; later ones call a name that nobody can have an invalid key,
// where Java I2P does not find it.
func (b bridge) learn(ctx context.Context, h hello) (router, error) {
	if !h.modern() {
		return router{hello: h, kind: i2pd}, nil
	}
	conn, _, err := b.open(ctx)
	if err != nil {
		return router{}, err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeoutCause(ctx, bridgeTimeout, errNoAnswer)
	defer cancel()
	reply, err := exchange(ctx, conn, wire.MaxReply, command("NAMING", "LOOKUP", "NAME", "x"))
	if err != nil {
		return router{}, err
	}
	if reply.Get("RESULT") == "INVALID_KEY" {
		return router{hello: h, kind: i2pd}, nil
	}
	return router{hello: h, kind: java}, nil
}
