package etcdkeys_test

import (
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/go-i2p/i2psocks/keys"
	"github.com/go-i2p/i2psocks/keys/etcd"
)

var errNoEtcd = errors.New("no etcd in PATH: it is in the Debian package etcd-server")

// cluster is an etcd of one member, on unix sockets in its own directory. Those of several are in cluster_linux_test.go.
type cluster struct {
	dir string
	cmd *exec.Cmd
}

func newCluster() (*cluster, error) {
	dir, err := os.MkdirTemp("", "etcd")
	if err != nil {
		return nil, err
	}
	c := &cluster{dir: dir}
	if err := c.start(); err != nil {
		c.remove()
		return nil, err
	}
	return c, nil
}

func (c *cluster) socket() string { return filepath.Join(c.dir, "localhost:1") }

func (c *cluster) start() error {
	path, err := exec.LookPath("etcd")
	if err != nil {
		return errNoEtcd
	}
	log, err := os.Create(filepath.Join(c.dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	c.cmd = exec.Command(path, "--data-dir", "data", "--heartbeat-interval", "20", "--election-timeout", "200",
		"--listen-client-urls", "unix://localhost:1", "--advertise-client-urls", "unix://localhost:1",
		"--listen-peer-urls", "unix://localhost:2", "--initial-advertise-peer-urls", "unix://localhost:2",
		"--initial-cluster", "default=unix://localhost:2")
	c.cmd.Dir, c.cmd.Stdout, c.cmd.Stderr = c.dir, log, log
	return c.cmd.Start()
}

// stop kills it, as a power cut does.
func (c *cluster) stop() {
	c.cmd.Process.Kill()
	c.cmd.Wait()
	os.Remove(c.socket())
}

func (c *cluster) remove() {
	if c.cmd != nil && c.cmd.Process != nil {
		c.stop()
	}
	os.RemoveAll(c.dir)
}

var shared = sync.OnceValues(newCluster)

// need skips or fails a test without an etcd.
func need(t testing.TB, err error) {
	if errors.Is(err, errNoEtcd) && os.Getenv("I2PSOCKS_REQUIRE_ETCD") == "" {
		t.Skip(err)
	}
	require.NoError(t, err)
}

// etcd is the one that most tests share, each under a prefix of its own.
func etcd(t testing.TB) *cluster {
	c, err := shared()
	need(t, err)
	return c
}

// network leads clients to a cluster, until it is cut.
type network struct {
	ln   net.Listener
	to   string
	mu   sync.Mutex
	cut  chan struct{} // closed when bytes no longer get through
	down atomic.Bool   // the same, until heal
	slow atomic.Int64  // how long answers are under way
	all  []net.Conn
	wg   sync.WaitGroup
}

func (c *cluster) network(t testing.TB) *network { return forward(t, c.socket()) }

// forward leads clients to a unix socket.
func forward(t testing.TB, socket string) *network {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	n := &network{ln: ln, to: socket, cut: make(chan struct{})}
	n.wg.Go(n.serve)
	t.Cleanup(n.close)
	return n
}

func (n *network) serve() {
	for {
		conn, err := n.ln.Accept()
		if err != nil {
			return
		}
		n.mu.Lock()
		n.all = append(n.all, conn)
		n.mu.Unlock()
		if n.down.Load() {
			conn.Close()
			continue
		}
		n.wg.Go(func() {
			defer conn.Close()
			up, err := net.Dial("unix", n.to)
			if err != nil {
				return
			}
			n.mu.Lock()
			n.all = append(n.all, up)
			n.mu.Unlock()
			defer up.Close()
			n.wg.Go(func() { n.copy(up, conn, false); up.Close() })
			n.copy(conn, up, true)
		})
	}
}

func (n *network) copy(to, from net.Conn, answers bool) {
	b := make([]byte, 32<<10)
	for {
		read, err := from.Read(b)
		select {
		case <-n.cut:
			io.Copy(io.Discard, from)
			return
		default:
		}
		if answers {
			time.Sleep(time.Duration(n.slow.Load()))
		}
		if n.down.Load() {
			io.Copy(io.Discard, from)
			return
		}
		if _, writeErr := to.Write(b[:read]); err != nil || writeErr != nil {
			return
		}
	}
}

// blackhole makes every byte disappear, and tells nobody.
func (n *network) blackhole() { close(n.cut) }

// heal lets bytes through again, on new connections.
func (n *network) heal() {
	n.down.Store(false)
	n.hangUp()
}

func (n *network) hangUp() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, conn := range n.all {
		conn.Close()
	}
}

func (n *network) close() {
	n.ln.Close()
	n.hangUp()
	n.wg.Wait()
}

func (n *network) client(t testing.TB) *clientv3.Client {
	client, err := connect(n.ln.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { client.Close() })
	return client
}

func connect(addresses ...string) (*clientv3.Client, error) {
	return clientv3.New(clientv3.Config{Endpoints: addresses, DialTimeout: 5 * time.Second, Logger: zap.NewNop()})
}

// prefix is one of the test's own, each time that it runs.
func prefix(t testing.TB) string { return filepath.Base(filepath.Dir(t.TempDir())) }

// host returns the store of a host of its own, under the prefix of the test.
func (c *cluster) host(t testing.TB) *etcdkeys.Store { return c.network(t).host(t) }

func (n *network) host(t testing.TB) *etcdkeys.Store {
	s := &etcdkeys.Store{Client: n.client(t), Prefix: prefix(t), TTL: time.Minute}
	t.Cleanup(func() { s.Close() })
	return s
}

func generate(t testing.TB) keys.Identity {
	id, err := keys.Generate()
	require.NoError(t, err)
	return id
}

// put and get go past the Store, as etcdctl does.
func put(t testing.TB, s *etcdkeys.Store, key, value string, opts ...clientv3.OpOption) {
	_, err := s.Client.Put(t.Context(), prefix(t)+"/"+key, value, opts...)
	require.NoError(t, err)
}

func get(t testing.TB, s *etcdkeys.Store, key string) string {
	resp, err := s.Client.Get(t.Context(), prefix(t)+"/"+key)
	require.NoError(t, err)
	if len(resp.Kvs) == 0 {
		return ""
	}
	return string(resp.Kvs[0].Value)
}
