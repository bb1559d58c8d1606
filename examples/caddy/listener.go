package main

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/caddyserver/caddy/v2"

	"github.com/go-i2p/i2psocks"
)

// identities are the endpoints of a Caddy, by name: "i2p/blog:80" is port 80 of the one that is named blog, whose keys are in a
// folder of that name. They outlive the configurations that use them.
type identities struct {
	sam, dir string

	mu        sync.Mutex
	endpoints map[string]*i2psocks.Endpoint
	listeners *caddy.UsagePool
}

func newIdentities(sam, dir string) *identities {
	return &identities{sam: sam, dir: dir, endpoints: make(map[string]*i2psocks.Endpoint), listeners: caddy.NewUsagePool()}
}

func (i *identities) endpoint(name string) *i2psocks.Endpoint {
	i.mu.Lock()
	defer i.mu.Unlock()
	ep, ok := i.endpoints[name]
	if !ok {
		ep = &i2psocks.Endpoint{Name: name, Dir: filepath.Join(i.dir, filepath.Base(name)), SAM: i.sam}
		i.endpoints[name] = ep
	}
	return ep
}

func (i *identities) close() {
	i.mu.Lock()
	defer i.mu.Unlock()
	var ending sync.WaitGroup
	for _, ep := range i.endpoints {
		ending.Go(func() { ep.Close() })
	}
	ending.Wait()
}

// listen is a caddy.ListenerFunc. Caddy opens the listeners of a new configuration before it closes those of the old one, but pools
// its own alone, and a port of an identity can be opened once. So all who ask for the same one share it.
func (i *identities) listen(ctx context.Context, _, name, port string, offset uint, _ net.ListenConfig) (any, error) {
	start, err := strconv.ParseUint(port, 10, 16) // a range, "80-81", is refused
	if err != nil {
		return nil, fmt.Errorf("port of %q: %w", name, err)
	}
	key := net.JoinHostPort(name, strconv.FormatUint(start+uint64(offset), 10))
	value, _, err := i.listeners.LoadOrNew(key, func() (caddy.Destructor, error) {
		ln, err := i.endpoint(name).Listen(ctx, "tcp", ":"+port)
		if err != nil {
			return nil, err
		}
		s := &shared{Listener: ln, streams: make(chan net.Conn), ended: make(chan struct{})}
		go s.accept()
		return s, nil
	})
	if err != nil {
		return nil, err
	}
	return &listener{shared: value.(*shared), closed: make(chan struct{}), release: func() { i.listeners.Delete(key) }}, nil
}

// shared is a listener of an identity for all configurations that have it.
type shared struct {
	net.Listener
	streams chan net.Conn
	ended   chan struct{}
	err     error // why, once it has ended
}

func (s *shared) accept() {
	defer close(s.ended)
	for {
		stream, err := s.Accept()
		if err != nil {
			s.err = err
			return
		}
		s.streams <- stream
	}
}

// Destruct is called when the last configuration has closed it.
func (s *shared) Destruct() error {
	err := s.Close()
	for {
		select {
		case stream := <-s.streams: // nobody is there for it
			stream.Close()
		case <-s.ended:
			return err
		}
	}
}

// listener is what one configuration has of a shared one.
type listener struct {
	*shared
	once    sync.Once
	closed  chan struct{}
	release func()
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case <-l.closed:
		return nil, net.ErrClosed
	default:
	}
	select {
	case stream := <-l.streams:
		return stream, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-l.ended:
		return nil, l.err
	}
}

func (l *listener) Close() error {
	err := net.ErrClosed
	l.once.Do(func() {
		close(l.closed)
		l.release()
		err = nil
	})
	return err
}
