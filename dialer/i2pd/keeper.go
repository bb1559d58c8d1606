package i2pd

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// keeper is the one goroutine that starts the child and replaces it.
type keeper struct {
	r        *Router
	log      *slog.Logger
	program  string
	folder   *folder
	args     []string
	verify   bool            // the signatures of the first list of peers
	port     int             // of SAM; 0 until it is known
	i2cp     bool            // is wanted
	i2cpPort int             // 0 until it is known
	ctx      context.Context // ends at Close
	cancel   context.CancelFunc
	failed   chan struct{} // closed when the first start failed; err says why
	err      error
	done     chan struct{} // closed when nothing is left of the child and the folder is given back
	closeErr error
	scarcity scarcity
}

const (
	firstPause = 500 * time.Millisecond
	lastPause  = time.Minute
	steady     = 2 * time.Minute // a child that was up for so long was no failed start
	peersEvery = time.Minute     // i2pd writes no more often
	pulseEvery = 30 * time.Second
	maxMissed  = 3 // answers in a row; then the child hangs
)

// newKeeper prepares all that a start needs. The caller holds r.mu.
func newKeeper(r *Router) (k *keeper, err error) {
	k = &keeper{r: r, log: logger(r.Logger), failed: make(chan struct{}), done: make(chan struct{})}
	if err := errors.Join(checkArguments(r.Args), r.checkStay()); err != nil {
		return nil, err
	}
	if k.program, err = findProgram(r.Path); err != nil {
		return nil, err
	}
	if k.folder, err = openFolder(r.Dir); err != nil {
		return nil, err
	}
	certs := certificates(k.folder.path)
	k.verify = certs != ""
	k.args = arguments(k.folder.path, certs, r.Args)
	k.i2cp = r.I2CP || r.i2cpAsked
	k.ctx, k.cancel = context.WithCancel(context.Background())
	return k, nil
}

func logger(l *slog.Logger) *slog.Logger {
	if l == nil {
		return slog.New(slog.DiscardHandler)
	}
	return l
}

// run keeps a child running until Close, or until the first start fails.
func (k *keeper) run() {
	defer close(k.done)
	defer k.cancel()
	pause := firstPause
	for first := true; ; first = false {
		began := time.Now()
		wasUp, err := k.live(first)
		if k.ctx.Err() != nil || first && !wasUp {
			k.end(err)
			return
		}
		k.log.Warn("i2pd is gone", "err", err)
		k.report(func(s *Status) { s.State, s.PID, s.Err = Down, 0, err })
		if wasUp && time.Since(began) > steady {
			pause = firstPause
		}
		select {
		case <-k.ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, lastPause)
	}
}

// watch asks the child for a sign of life and counts its peers, until it ends, hangs, or Close is called.
func (k *keeper) watch(p *process) error {
	every := k.r.pulse
	if every == 0 {
		every = pulseEvery
	}
	pulse, peers := time.NewTicker(every), time.NewTicker(peersEvery)
	defer pulse.Stop()
	defer peers.Stop()
	k.countPeers()
	for missed := 0; missed < maxMissed; {
		select {
		case <-k.ctx.Done():
			return ErrClosed
		case <-p.done:
			return p.exitError()
		case <-peers.C:
			k.countPeers()
		case <-pulse.C:
			missed++
			if p.hello(k.ctx, k.port, max(every/3, helloTimeout)) == nil {
				missed = 0
			}
		}
	}
	select {
	case <-p.done: // which was why
		return p.exitError()
	default:
		return ErrNoSAM
	}
}

// countPeers reports how many routers the child has written down, and logs now and then that they are too few.
func (k *keeper) countPeers() {
	n := countPeers(k.folder.path)
	if n != k.r.Status().Peers {
		k.report(func(s *Status) { s.Peers = n })
	}
	if n < enoughPeers && k.scarcity.due(time.Now()) {
		k.log.Info("i2pd has few peers, so that tunnels may take long", "peers", n, "enough", enoughPeers)
	}
}

// end gives the folder back and leaves the router closed, or idle for the next try.
func (k *keeper) end(err error) {
	k.closeErr = k.folder.close()
	k.r.mu.Lock()
	state := Idle
	if k.r.closed {
		state, err = Closed, ErrClosed
	} else {
		k.r.keeper = nil
	}
	k.err = err
	close(k.failed)
	s := k.r.set(func(s *Status) { s.State, s.PID, s.Peers, s.Err = state, 0, 0, err })
	k.r.mu.Unlock()
	k.tell(s)
}

// report changes the status and tells it on.
func (k *keeper) report(change func(*Status)) {
	k.r.mu.Lock()
	s := k.r.set(change)
	k.r.mu.Unlock()
	k.tell(s)
}

func (k *keeper) tell(s Status) {
	if k.r.Progress != nil {
		k.r.Progress(s)
	}
}
