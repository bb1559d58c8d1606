package i2pd

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Router is an i2pd of the program's own. The zero value is the i2pd in PATH with a folder that
// ends with the Router. Exported fields may be changed until the first method call, not after. A
// Router must not be copied. Its methods may be called by several goroutines at once.
//
// The first use starts the router; a start that failed is reported and tried again at the next
// use. Once SAM answered, a child that dies is replaced, on the same port, after a pause that
// grows from half a second to a minute, until Close. So is one that hangs: SAM is asked every half a
// minute, and a child that gives no answer three times in a row is ended.
type Router struct {
	// Path is the i2pd program, or a script that becomes it with exec. Empty means "i2pd" in PATH.
	Path string
	// Dir is i2pd's data folder: its own keys and the routers it knows, which make the next start
	// fast. It is made if it does not exist, and must be open to the owner alone. Only one Router
	// can use it at a time. Empty means a temporary folder, which Close removes.
	Dir string
	// Port is the loopback port of SAM; datagrams have the port below. 0 means free ones, chosen
	// at the start and kept when the child is replaced.
	Port int
	// I2CP opens a port for I2CP beside SAM, a free one of loopback: see Status. A [Router.DialI2CP] before the first start
	// does the same. False means that there is SAM alone.
	I2CP bool
	// Args are more settings of i2pd, each "--name=value", such as "--bandwidth=P". Those that
	// would open a service, switch NTP on, move files or detach the child fail with ErrArgument.
	Args []string
	// Stay lets the child run on when the host ends, in whatever way, and after Close, so that the next start has tunnels at
	// once. The next Router on Dir takes it over if it has Stay and the same Path, Args and Port; any other ends it, as Stop
	// does. It needs a Dir, and fails with [errors.ErrUnsupported] on other systems than Linux. What such a child prints is
	// lost. False means that the child ends with the host.
	Stay bool
	// StartTimeout bounds the time until SAM answers. 0 means 60 s, negative means no bound.
	StartTimeout time.Duration
	// Logger gets the life of the child and, at debug level, what it prints, without names and
	// destinations. Nil is silent.
	Logger *slog.Logger
	// Progress, if set, is told of each change of Status. The calls come one at a time, and what
	// runs waits for them: it must return soon, and must not call Close.
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

const defaultStartTimeout = 60 * time.Second

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

// Address starts the router if need be, and returns the address of its SAM bridge,
// "127.0.0.1:port", which stays the same. It fails as Start does.
func (r *Router) Address(ctx context.Context) (string, error) {
	if err := r.Start(ctx); err != nil {
		return "", err
	}
	return r.Status().Address, nil
}

// Status returns how the router is at this moment. It starts nothing.
func (r *Router) Status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status
}

// Close ends the child, waits until it is gone, and removes a temporary folder. With Stay, a child whose SAM has ever answered runs
// on. It is safe to call twice.
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
