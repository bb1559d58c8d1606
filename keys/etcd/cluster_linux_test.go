package etcdkeys_test

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/keys/etcd"
)

// three is an etcd of three members, each in a network namespace of its own, from which a cable leads to a switch in a
// fourth one. Clients come over unix sockets, which know no namespaces.
type three struct {
	dir     string
	hub     string
	members [3]*exec.Cmd
	nets    [3]*network
}

func threeMembers(t *testing.T) *three {
	if _, err := exec.LookPath("etcd"); err != nil {
		need(t, errNoEtcd)
	}
	if os.Geteuid() != 0 {
		t.Skip("only root makes network namespaces")
	}
	dir, err := os.MkdirTemp("", "etcd3")
	require.NoError(t, err)
	c := &three{dir: dir, hub: "etcd-" + strings.ToLower(rand.Text()[:6])}
	t.Cleanup(c.remove)
	c.ip(t, "netns", "add", c.hub)
	c.ip(t, "-n", c.hub, "link", "add", "sw", "type", "bridge")
	c.ip(t, "-n", c.hub, "link", "set", "sw", "up")
	for i := range c.members {
		c.cable(t, i)
		c.start(t, i)
		c.nets[i] = forward(t, filepath.Join(dir, fmt.Sprint("localhost:", i)))
	}
	return c
}

func (c *three) ip(t *testing.T, args ...string) {
	out, err := exec.Command("ip", args...).CombinedOutput()
	require.NoError(t, err, "ip %v: %s", args, out)
}

func (c *three) namespace(i int) string { return fmt.Sprint(c.hub, "-", i) }

func (c *three) address(i int) string { return fmt.Sprint("198.18.7.", i+1) }

func (c *three) cable(t *testing.T, i int) {
	ns, port := c.namespace(i), fmt.Sprint("p", i)
	c.ip(t, "netns", "add", ns)
	c.ip(t, "-n", c.hub, "link", "add", port, "type", "veth", "peer", "name", "eth", "netns", ns)
	c.ip(t, "-n", c.hub, "link", "set", port, "master", "sw", "up")
	c.ip(t, "-n", ns, "addr", "add", c.address(i)+"/24", "dev", "eth")
	c.ip(t, "-n", ns, "link", "set", "eth", "up")
	c.ip(t, "-n", ns, "link", "set", "lo", "up")
}

// plug pulls the cable of a member, or puts it in again.
func (c *three) plug(t *testing.T, i int, state string) {
	c.ip(t, "-n", c.hub, "link", "set", fmt.Sprint("p", i), state)
}

func (c *three) start(t *testing.T, i int) {
	log, err := os.OpenFile(filepath.Join(c.dir, fmt.Sprint("log", i)), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	require.NoError(t, err)
	defer log.Close()
	peer := func(i int) string { return "http://" + net.JoinHostPort(c.address(i), "2380") }
	client := fmt.Sprint("unix://localhost:", i)
	os.Remove(filepath.Join(c.dir, fmt.Sprint("localhost:", i)))
	cmd := exec.Command("ip", "netns", "exec", c.namespace(i), "etcd", "--name", fmt.Sprint("m", i), "--data-dir", fmt.Sprint("data", i),
		"--heartbeat-interval", "50", "--election-timeout", "500",
		"--listen-client-urls", client, "--advertise-client-urls", client,
		"--listen-peer-urls", peer(i), "--initial-advertise-peer-urls", peer(i),
		"--initial-cluster", fmt.Sprintf("m0=%s,m1=%s,m2=%s", peer(0), peer(1), peer(2)))
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.dir, log, log
	require.NoError(t, cmd.Start()) // ip becomes etcd, with its process ID
	c.members[i] = cmd
}

func (c *three) kill(i int) {
	if c.members[i] != nil {
		c.members[i].Process.Kill()
		c.members[i].Wait()
		c.members[i] = nil
	}
}

func (c *three) remove() {
	for i := range c.members {
		c.kill(i)
		exec.Command("ip", "netns", "del", c.namespace(i)).Run()
	}
	exec.Command("ip", "netns", "del", c.hub).Run()
	os.RemoveAll(c.dir)
}

// host is a host that knows some of the members.
func (c *three) host(t *testing.T, members ...int) *etcdkeys.Store {
	var addresses []string
	for _, i := range members {
		addresses = append(addresses, c.nets[i].ln.Addr().String())
	}
	client, err := connect(addresses...)
	require.NoError(t, err)
	t.Cleanup(func() { client.Close() })
	s := &etcdkeys.Store{Client: client, Prefix: prefix(t), TTL: 6 * time.Second, Timeout: 2 * time.Second}
	t.Cleanup(func() { s.Close() })
	return s
}

// leader returns the number of the member that leads.
func (c *three) leader(t *testing.T) int {
	for range 100 {
		for i, n := range c.nets {
			if c.members[i] == nil {
				continue
			}
			client := n.client(t)
			resp, err := client.Status(t.Context(), n.ln.Addr().String())
			if err == nil && resp.Leader == resp.Header.MemberId {
				return i
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	require.Fail(t, "nobody leads")
	return 0
}

// TestMemberKilled: while most of the members are there, nobody loses anything and others can take over.
func TestMemberKilled(t *testing.T) {
	t.Parallel()
	c := threeMembers(t)
	a, b := c.host(t, 0, 1, 2), c.host(t, 2, 0, 1)
	id := generate(t)
	within(t, acquire(t, a, "site"), 30*time.Second)
	require.NoError(t, a.Save(t.Context(), "site", id))
	lost := lostAt(a)
	leader := c.leader(t)
	c.kill(leader)
	still(t, lost, 2*a.TTL)
	_, err := b.Load(t.Context(), "site")
	require.ErrorIs(t, err, etcdkeys.ErrOwned)
	c.start(t, leader)
	c.kill((leader + 1) % 3)
	still(t, lost, a.TTL)
	require.NoError(t, a.Release(t.Context(), "site"))
	within(t, acquire(t, b, "site"), 30*time.Second)
	got, err := b.Load(t.Context(), "site")
	require.NoError(t, err)
	assert.Equal(t, id.String(), got.String())
}

// TestMemberCutOff: who is left with the smaller part of a divided cluster knows it before the larger part gives
// the identity to another, be the smaller one the leader before or not.
func TestMemberCutOff(t *testing.T) {
	for _, leads := range []bool{true, false} {
		t.Run(fmt.Sprint("leader ", leads), func(t *testing.T) {
			t.Parallel()
			c := threeMembers(t)
			alone := c.leader(t)
			if !leads {
				alone = (alone + 1) % 3
			}
			a, b := c.host(t, alone), c.host(t, (alone+1)%3, (alone+2)%3)
			within(t, acquire(t, a, "site"), 30*time.Second)
			require.NoError(t, a.Save(t.Context(), "site", generate(t)))
			lost, had := lostAt(a), acquire(t, b, "site")
			still(t, lost, a.TTL)
			cut := time.Now()
			c.plug(t, alone, "down")
			told := within(t, lost, a.TTL)
			taken := within(t, had, 60*time.Second)
			t.Logf("told after %v, taken over after %v", told.Sub(cut), taken.Sub(cut))
			assert.GreaterOrEqual(t, taken.Sub(told), a.TTL/3)
			c.plug(t, alone, "up")
			_, err := a.Load(t.Context(), "site")
			assert.ErrorIs(t, err, etcdkeys.ErrLost, "it stays lost when the cluster is whole again")
			_, err = b.Load(t.Context(), "site")
			assert.NoError(t, err)
		})
	}
}

// TestMemberPaused: a leader that stands still is not believed when it goes on.
func TestMemberPaused(t *testing.T) {
	t.Parallel()
	c := threeMembers(t)
	leader := c.leader(t)
	a, b := c.host(t, leader), c.host(t, (leader+1)%3, (leader+2)%3)
	within(t, acquire(t, a, "site"), 30*time.Second)
	require.NoError(t, a.Save(t.Context(), "site", generate(t)))
	lost, had := lostAt(a), acquire(t, b, "site")
	require.NoError(t, c.members[leader].Process.Signal(syscall.SIGSTOP))
	told := within(t, lost, a.TTL)
	taken := within(t, had, 60*time.Second)
	assert.GreaterOrEqual(t, taken.Sub(told), a.TTL/3)
	require.NoError(t, c.members[leader].Process.Signal(syscall.SIGCONT))
	_, err := a.Load(t.Context(), "site")
	assert.ErrorIs(t, err, etcdkeys.ErrLost)
}

// TestHostPaused: a host that stood still while another took over is told as soon as it goes on.
func TestHostPaused(t *testing.T) {
	t.Parallel()
	n := etcd(t).network(t)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childAddress+"="+n.ln.Addr().String(), childPrefix+"="+prefix(t))
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	pipe, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { in.Close(); cmd.Process.Kill(); cmd.Wait() })
	out := bufio.NewReader(pipe)
	line, err := out.ReadString('\n')
	require.NoError(t, err)
	b := n.host(t)
	require.NoError(t, cmd.Process.Signal(syscall.SIGSTOP))
	within(t, acquire(t, b, "site"), 20*time.Second)
	id, err := b.Load(t.Context(), "site")
	require.NoError(t, err)
	assert.Equal(t, strings.TrimSpace(line), id.String())
	require.NoError(t, cmd.Process.Signal(syscall.SIGCONT))
	line, err = out.ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, "lost\n", line)
	in.Close()
	_, err = io.Copy(io.Discard, out)
	require.NoError(t, errors.Join(err, cmd.Wait()))
}
