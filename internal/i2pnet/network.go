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
// something: Linux, root, ip(8), i2pd or a congestion control.
var ErrMissing = errors.New("i2pnet: missing on this machine")

// Network is a running network. Its methods may be called from several goroutines at once.
type Network struct {
	program string
	dir     string
	ns      *namespace
	fabric  *fabric    // nil without Config.Links
	outMu   sync.Mutex // guards Config.Output and the routers' unfinished lines

	mu      sync.Mutex
	routers []*router
	guests  int // that were ever invited
	closed  bool
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
	ns, err := newNamespace(ctx, c.TCP)
	if err != nil {
		return nil, err
	}
	n := &Network{program: program, ns: ns}
	if err := n.build(ctx, c); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

// build makes and starts the routers one by one, each knowing those before it, floodfills first.
func (n *Network) build(ctx context.Context, c Config) error {
	parent, err := filepath.Abs(cmp.Or(c.Dir, os.TempDir()))
	if err != nil {
		return fmt.Errorf("i2pnet: %w", err)
	}
	if n.dir, err = os.MkdirTemp(parent, "i2pnet-"); err != nil {
		return fmt.Errorf("i2pnet: %w", err)
	}
	for i := range c.routers() + c.floodfills() {
		n.routers = append(n.routers, &router{
			number:    i,
			floodfill: i >= c.routers(),
			dir:       filepath.Join(n.dir, fmt.Sprint(i)),
			ns:        n.ns,
			home:      loopback(i),
			crashed:   c.crashed,
			log:       &lineWriter{mu: &n.outMu, out: c.Output, prefix: fmt.Sprintf("router %d: ", i)},
		})
	}
	if c.Links != nil {
		if err := n.spread(ctx, c); err != nil {
			return err
		}
	}
	for i := range slices.Backward(n.routers) {
		if err := n.Restart(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// Restart starts router i again, killing it first if it runs, and waits
// until it serves SAM, at the same address as before. To its peers it is a new router at a new address.
//
// So it knows those that run, and they learn of it when it dials them. If they knew
// it already, they might dial it just then; and of two routers that dial each other at
// once, i2pd may drop both connections, and take no other between the two for a long time.
func (n *Network) Restart(ctx context.Context, i int) error {
	if err := n.renew(ctx, i); err != nil {
		return err
	}
	return n.waitSAM(ctx, i)
}

func (n *Network) renew(ctx context.Context, i int) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return net.ErrClosed
	}
	n.routers[i].kill()
	infos, err := n.infos()
	if err != nil {
		return err
	}
	return n.routers[i].start(ctx, n.program, infos)
}

// infos returns what the routers that run say of themselves. The caller holds mu.
func (n *Network) infos() (infos [][]byte, err error) {
	for _, r := range n.routers {
		if !r.runs() {
			continue
		}
		info, err := os.ReadFile(filepath.Join(r.dir, infoFile))
		if err != nil {
			return nil, fmt.Errorf("i2pnet: %w", err)
		}
		infos = append(infos, info)
	}
	return infos, nil
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
	p := n.routers[i].process
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
func (n *Network) SAM(i int) string { return net.JoinHostPort(n.routers[i].home, fmt.Sprint(samPort)) }

// I2CP returns the host:port where router i speaks I2CP, inside the namespace.
func (n *Network) I2CP(i int) string {
	return net.JoinHostPort(n.routers[i].home, fmt.Sprint(i2cpPort))
}

// Namespace returns the name that ip-netns(8) knows the namespace by.
func (n *Network) Namespace() string { return n.ns.name }

// Running reports whether router i runs.
func (n *Network) Running(i int) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.routers[i].runs()
}

// Kill ends router i with SIGKILL, as a crash would, and returns when it is gone. It does nothing
// to a dead router.
func (n *Network) Kill(i int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.routers[i].kill()
}

// Signal sends a signal to router i, such as SIGSTOP, which makes it hang with its connections open, and SIGCONT.
// It fails with [os.ErrProcessDone] if the router is dead.
func (n *Network) Signal(i int, sig os.Signal) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.routers[i].runs() {
		return os.ErrProcessDone
	}
	return n.routers[i].cmd.Process.Signal(sig)
}

// Close kills the routers and removes the namespaces and all files. A second call does nothing.
func (n *Network) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil
	}
	n.closed = true
	for _, r := range n.routers {
		r.kill()
	}
	var err error
	if n.fabric != nil {
		err = n.fabric.close()
	}
	for _, r := range n.routers {
		if r.ns != n.ns {
			err = errors.Join(err, r.ns.remove())
		}
	}
	err = errors.Join(err, n.ns.remove())
	if n.dir != "" {
		err = errors.Join(err, os.RemoveAll(n.dir))
	}
	return err
}
