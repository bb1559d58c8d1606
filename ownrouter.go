package i2psocks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/go-i2p/i2psocks/dialer/i2cp"
	"github.com/go-i2p/i2psocks/dialer/sam"
)

// candidate is an address at which a running router is looked for.
type candidate struct {
	protocol string // overSAM or overI2CP
	network  string
	address  string
}

const (
	overSAM  = "SAM"
	overI2CP = "I2CP"
)

// candidates returns where an endpoint with a Router looks for one that runs: what its fields are about, or both if they are about
// neither. What Configure sets must not be missing where ConfigureI2CP was meant to set it, nor the other way round.
func (e *Endpoint) candidates() ([]candidate, error) {
	wantsSAM := e.SAM != "" || e.SAMUser != "" || e.SAMPassword != nil || e.Configure != nil || e.Isolation.Configure != nil
	wantsI2CP := e.I2CP != "" || e.ConfigureI2CP != nil || e.Isolation.ConfigureI2CP != nil
	both := wantsSAM == wantsI2CP
	if both && ((e.Configure != nil) != (e.ConfigureI2CP != nil) || (e.Isolation.Configure != nil) != (e.Isolation.ConfigureI2CP != nil)) {
		return nil, errors.New("sessions may go by SAM and by I2CP, and only one of Configure and ConfigureI2CP is set")
	}
	var all []candidate
	if wantsSAM || both {
		all = append(all, newCandidate(overSAM, cmp.Or(e.SAM, sam.DefaultAddress)))
	}
	if wantsI2CP || both {
		all = append(all, newCandidate(overI2CP, cmp.Or(e.I2CP, i2cp.DefaultAddress)))
	}
	for _, d := range all {
		if _, err := netip.ParseAddrPort(d.address); d.network != "unix" && err != nil {
			return nil, fmt.Errorf("%s address: %w: host must be an IP literal, as names would need DNS", d.protocol, err)
		}
	}
	return all, nil
}

func newCandidate(protocol, address string) candidate {
	if path, ok := strings.CutPrefix(address, "unix:"); ok && protocol == overSAM {
		return candidate{protocol, "unix", path}
	}
	if port, ok := strings.CutPrefix(address, "localhost:"); ok {
		address = "127.0.0.1:" + port
	}
	return candidate{protocol, "tcp", address}
}

// ownRouter reaches the router that runs, by the first candidate that answers, else one of the endpoint's own. Which of them is
// settled by the first connection: sessions and their streams must be at one router.
type ownRouter struct {
	router     Router
	candidates []candidate   // to look at; the first is what the router of its own is asked for
	busy       chan struct{} // holds one token while it is being settled
	way        *way          // guarded by busy; nil until then
}

// way is how the router is reached.
type way struct {
	protocol string
	dial     func(ctx context.Context) (net.Conn, error)
}

func newOwnRouter(r Router, candidates []candidate) *ownRouter {
	return &ownRouter{router: r, candidates: candidates, busy: make(chan struct{}, 1)}
}

// dialer returns what sessions over a protocol connect by.
func (o *ownRouter) dialer(protocol string) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		w, conn, err := o.settle(ctx)
		switch {
		case err != nil:
			return nil, err
		case w.protocol != protocol:
			if conn != nil {
				conn.Close()
			}
			return nil, fmt.Errorf("the router is reached by %s: %w", w.protocol, errors.ErrUnsupported)
		case conn != nil:
			return conn, nil
		}
		return w.dial(ctx)
	}
}

// settle decides how the router is reached, unless that is known. It returns a connection if one was made for it.
func (o *ownRouter) settle(ctx context.Context) (*way, net.Conn, error) {
	select {
	case o.busy <- struct{}{}:
		defer func() { <-o.busy }()
	case <-ctx.Done():
		return nil, nil, context.Cause(ctx)
	}
	if o.way != nil {
		return o.way, nil, nil
	}
	var tried error
	for _, d := range o.candidates {
		conn, err := d.dial(ctx)
		switch {
		case err == nil:
			o.way = &way{d.protocol, d.dial}
			return o.way, conn, nil
		case ctx.Err() != nil:
			return nil, nil, err
		case tried == nil:
			tried = fmt.Errorf("no %s: %w", d.protocol, err)
		default:
			tried = fmt.Errorf("%w; no %s: %w", tried, d.protocol, err)
		}
	}
	own := &way{o.candidates[0].protocol, o.dialOwn}
	conn, err := own.dial(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("%w; and the router of its own does not start: %w", tried, err)
	}
	o.way = own
	return own, conn, nil
}

// dialOwn starts the router of the endpoint's own if need be, and connects to it.
func (o *ownRouter) dialOwn(ctx context.Context) (net.Conn, error) {
	if o.candidates[0].protocol == overSAM {
		return o.router.DialSAM(ctx)
	}
	r, ok := o.router.(interface {
		DialI2CP(ctx context.Context) (net.Conn, error)
	})
	if !ok {
		return nil, fmt.Errorf("the Router has no I2CP: %w", errors.ErrUnsupported)
	}
	return r.DialI2CP(ctx)
}
