package i2pnet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// ErrMissing is in every error of [Start] that says that this machine lacks
// something: Linux, root, ip(8) or i2pd.
var ErrMissing = errors.New("i2pnet: missing on this machine")

// Network is a running network. Its methods may be called from several goroutines at once.
type Network struct {
	program string
	dir     string
	ns      *namespace
	outMu   sync.Mutex // guards Config.Output and the routers' unfinished lines

	mu      sync.Mutex
	routers []*router
	closed  bool
}

// router is one router of the network, running or not.
type router struct {
	dir     string
	log     *lineWriter
	running *process // nil before the first start
}

// Start makes the routers, starts them and waits until they serve SAM, which takes less than a second.
// The context bounds the start, not the life of the network, which lasts until
// [Network.Close]. The error wraps [ErrMissing] if it is the machine that lacks something.
func Start(ctx context.Context, c Config) (*Network, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	program, err := c.program()
	if err != nil {
		return nil, err
	}
	count := c.routers() + c.floodfills()
	addresses := make([]string, count)
	for i := range addresses {
		addresses[i] = peerAddress(i)
	}
	ns, err := newNamespace(ctx, addresses)
	if err != nil {
		return nil, err
	}
	n := &Network{program: program, ns: ns}
	if err := n.build(ctx, c, count); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

// build starts the routers twice: first to let each write its router info, then with those of others to know.
func (n *Network) build(ctx context.Context, c Config, count int) (err error) {
	parent, err := filepath.Abs(cmp.Or(c.Dir, os.TempDir()))
	if err != nil {
		return fmt.Errorf("i2pnet: %w", err)
	}
	if n.dir, err = os.MkdirTemp(parent, "i2pnet-"); err != nil {
		return fmt.Errorf("i2pnet: %w", err)
	}
	for i := range count {
		r := &router{
			dir: filepath.Join(n.dir, fmt.Sprint(i)),
			log: &lineWriter{mu: &n.outMu, out: c.Output, prefix: fmt.Sprintf("router %d: ", i)},
		}
		n.routers = append(n.routers, r)
		if err := r.write(settings(i, i >= c.routers())); err != nil {
			return err
		}
	}
	if err := n.launchAll(ctx); err != nil {
		return err
	}
	if err := n.introduce(); err != nil {
		return err
	}
	return n.launchAll(ctx)
}

// introduce stops every router and lets it know those numbered above it, the floodfills among them.
// It must not know the others: of two routers that dial each other at once, i2pd may
// drop both connections and never send to that peer again. So one dials and the other learns of it by that.
func (n *Network) introduce() error {
	var infos [][]byte
	for _, r := range slices.Backward(n.routers) {
		r.running.kill()
		if err := writeReseed(filepath.Join(r.dir, reseedFile), infos); err != nil {
			return err
		}
		info, err := os.ReadFile(filepath.Join(r.dir, infoFile))
		if err != nil {
			return fmt.Errorf("i2pnet: %w", err)
		}
		infos = append(infos, info)
	}
	return nil
}

// launchAll starts the routers, those that others know first, and waits until all serve SAM.
func (n *Network) launchAll(ctx context.Context) error {
	for _, r := range slices.Backward(n.routers) {
		if err := n.launch(r); err != nil {
			return err
		}
	}
	return n.WaitReady(ctx)
}

func (n *Network) launch(r *router) error {
	p, err := launch(n.ns, n.program, r.dir, r.log)
	if err == nil {
		r.running = p
	}
	return err
}

// WaitReady waits until every router serves SAM. It fails at once if one has ended.
func (n *Network) WaitReady(ctx context.Context) error {
	for i := range n.routers {
		if err := n.waitSAM(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

func (n *Network) waitSAM(ctx context.Context, i int) error {
	n.mu.Lock()
	p := n.routers[i].running
	n.mu.Unlock()
	err := p.poll(ctx, func() bool {
		return hello(ctx, func(ctx context.Context) (net.Conn, error) {
			return n.DialContext(ctx, "tcp", n.SAM(i))
		})
	})
	if err != nil {
		return fmt.Errorf("i2pnet: router %d does not serve SAM: %w", i, err)
	}
	return nil
}

// Len returns how many routers there are, plain ones and floodfills.
func (n *Network) Len() int { return len(n.routers) }

// SAM returns the host:port of router i's SAM bridge, inside the namespace.
func (n *Network) SAM(i int) string { return net.JoinHostPort(loopback(i), fmt.Sprint(samPort)) }

// Namespace returns the name that ip-netns(8) knows the namespace by.
func (n *Network) Namespace() string { return n.ns.name }

// Running reports whether router i runs.
func (n *Network) Running(i int) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	select {
	case <-n.routers[i].running.done:
		return false
	default:
		return true
	}
}

// Kill ends router i with SIGKILL, as a crash would, and returns when it is gone. It does nothing to a dead router.
func (n *Network) Kill(i int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.routers[i].running.kill()
}

// Restart starts router i again, killing it first if it runs, and waits
// until it serves SAM. It keeps its identity; its sessions are gone.
func (n *Network) Restart(ctx context.Context, i int) error {
	if err := n.relaunch(i); err != nil {
		return err
	}
	return n.waitSAM(ctx, i)
}

func (n *Network) relaunch(i int) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return net.ErrClosed
	}
	n.routers[i].running.kill()
	return n.launch(n.routers[i])
}

// Close kills the routers and removes the namespace and all files. A second call does nothing.
func (n *Network) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil
	}
	n.closed = true
	for _, r := range n.routers {
		if r.running != nil {
			r.running.kill()
		}
	}
	err := n.ns.remove()
	if n.dir != "" {
		err = errors.Join(err, os.RemoveAll(n.dir))
	}
	return err
}
