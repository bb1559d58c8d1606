package i2pd

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Router is a private i2pd. The zero value is the i2pd in PATH with a temporary directory. Exported fields may be
// changed until the first method call, not after. A Router must not be copied. Its methods may be called by several
// goroutines at once.
//
// The first use starts the router; a start that failed is reported, and tried again at the next use. Once SAM has
// answered, a child that dies is replaced, on the same port, after a delay that grows from half a second to a minute,
// until Close. SAM is checked every half minute, and a child that does not answer three times in a row is killed and
// replaced.
type Router struct {
	// Path is the i2pd program, or a script that executes it with exec. Empty means "i2pd" in PATH.
	Path string
	// Dir is i2pd's data directory, with its keys and the routers it knows, which make the next start fast. It is
	// created if it does not exist, and must be accessible by the owner only. Only one Router can use it at a time.
	// Empty means a temporary directory, which Close removes.
	Dir string
	// Port is the loopback port of SAM; datagrams use the port below. 0 means free ports, chosen at the start and
	// kept when the child is replaced.
	Port int
	// I2CP opens a port for I2CP beside SAM, a free one on loopback: see [Status]. A [Router.DialI2CP] before the
	// first start does the same.
	I2CP bool
	// Args are further settings of i2pd, each "--name=value", such as "--bandwidth=P". Settings that would open a
	// service, enable NTP, move files or detach the child fail with [ErrArgument].
	Args []string
	// Stay lets the child continue to run when the program ends, in any way, and after Close, so that the next start
	// has tunnels at once. The next Router on Dir takes it over if it has Stay and the same Path, Args and Port; any
	// other ends it, as Stop does. It requires a Dir, and fails with [errors.ErrUnsupported] on systems other than
	// Linux. The output of such a child is not logged. While the program that started it runs, a goroutine waits for its
	// end, so that it does not become a zombie.
	Stay bool
	// StartTimeout is how long SAM may take to answer. 0 means [DefaultStartTimeout], negative no limit.
	StartTimeout time.Duration
	// Logger receives the state changes of the child and, at debug level, its output, without names and destinations.
	// Nil disables logging.
	Logger *slog.Logger
	// Progress, if set, is called with each change of Status, one call at a time. The router waits for it: it must
	// return soon, and must not call Close.
	Progress func(Status)

	mu      sync.Mutex
	status  Status
	keeper  *keeper       // who starts the child and keeps it; nil when nobody does
	changed chan struct{} // closed and replaced at each change of status
	closed  bool
	ending  bool          // by Stop, so that no child stays
	pulse   time.Duration // between two signs of life; 0 is pulseEvery

	i2cpAsked bool // by DialI2CP
}

// DefaultStartTimeout is the meaning of a zero [Router.StartTimeout]. i2pd needs about a second, on small machines more.
const DefaultStartTimeout = 60 * time.Second

// Start returns when SAM answers. The context bounds the wait, not the life of the router, which
// lasts until Close. It fails with the Err values of the package, with an [*ExitError], or with
// the context's error.
func (r *Router) Start(ctx context.Context) error {
	for {
		k, changed, err := r.begin()
		if k == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-k.failed:
		case <-changed:
		}
		select {
		case <-k.failed:
			return k.err
		default:
		}
	}
}

// begin starts the keeper if there is none. It returns nil for it when nothing remains to be waited for.
func (r *Router) begin() (*keeper, <-chan struct{}, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
		return nil, nil, ErrClosed
	case r.status.State == Up:
		return nil, nil, nil
	case r.keeper == nil:
		k, err := newKeeper(r)
		if err != nil {
			r.status.Err = err
			return nil, nil, err
		}
		r.keeper = k
		r.changed = make(chan struct{})
		r.set(func(s *Status) { s.State = Starting })
		go k.run()
	}
	return r.keeper, r.changed, nil
}

// Address starts the router if necessary, and returns the address of its SAM bridge, "127.0.0.1:port", which stays
// the same. It fails as Start does.
func (r *Router) Address(ctx context.Context) (string, error) {
	if err := r.Start(ctx); err != nil {
		return "", err
	}
	return r.Status().Address, nil
}

// Status returns the current state of the router. It starts nothing.
func (r *Router) Status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status
}

// Close ends the child, waits for its end, and removes a temporary directory. With Stay, a child whose SAM has
// answered continues to run. It may be called twice.
func (r *Router) Close() error {
	r.mu.Lock()
	k := r.keeper
	r.closed = true
	if k == nil {
		r.set(func(s *Status) { s.State = Closed })
	}
	r.mu.Unlock()
	if k == nil {
		return nil
	}
	k.cancel()
	<-k.done
	return k.closeErr
}

// set changes the status and wakes who waits for it. The caller holds mu.
func (r *Router) set(change func(*Status)) Status {
	before := r.status.State
	change(&r.status)
	if r.status.State != before || r.status.Since.IsZero() {
		r.status.Since = time.Now()
	}
	if r.changed != nil {
		close(r.changed)
		r.changed = make(chan struct{})
	}
	return r.status
}
