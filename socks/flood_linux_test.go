package socks

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var flood = flag.Duration("flood", time.Second, "how long the tests of floods last")

// keeper is a site that sends a byte to whoever comes and keeps the stream. Its streams have no half-close.
type keeper struct{ net.Listener }

func newKeeper(t testing.TB) keeper {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				c.Write([]byte("x"))
				c.Read(make([]byte, 1))
			}()
		}
	}()
	return keeper{l}
}

func (k keeper) DialContext(ctx context.Context, network, _ string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, network, k.Addr().String())
	if err != nil {
		return nil, err
	}
	return stream{Conn: c}, nil
}

// visit opens a stream, reads its first byte and closes it, and returns how long that byte took.
func visit(d *Dialer) (time.Duration, error) {
	began := time.Now()
	c, err := d.Dial("tcp", "site.i2p:80")
	if err != nil {
		return 0, err
	}
	defer c.Close()
	if err = c.SetReadDeadline(time.Now().Add(5 * time.Second)); err == nil {
		_, err = c.Read(make([]byte, 1))
	}
	return time.Since(began), err
}

// Clients come at 200 a second, take one byte each and close. The site keeps its streams.
func TestClosedClientsLeaveNothing(t *testing.T) {
	for network, address := range map[string]string{"tcp": "127.0.0.1:0", "unix": filepath.Join(t.TempDir(), "s")} {
		t.Run(network, func(t *testing.T) {
			l, err := net.Listen(network, address)
			require.NoError(t, err)
			srv := &Server{Dialer: newKeeper(t)}
			go srv.Serve(l)
			d := &Dialer{Network: network, Address: l.Addr().String()}
			_, err = visit(d)
			require.NoError(t, err)
			before, most := descriptors(t), 0
			var honest []time.Duration
			tick := time.NewTicker(5 * time.Millisecond)
			defer tick.Stop()
			for end, i := time.Now().Add(*flood), 0; time.Now().Before(end); i++ {
				<-tick.C
				took, err := visit(d)
				require.NoError(t, err)
				if i%40 == 0 {
					honest = append(honest, took)
					most = max(most, descriptors(t)-before)
				}
			}
			slices.Sort(honest)
			t.Logf("%d clients, at most %d descriptors more than in the beginning; first byte after %v to %v, half of them before %v",
				srv.Status().Requests, most, honest[0], honest[len(honest)-1], honest[len(honest)/2])
			if !raceEnabled { // which lets pipes lie about until garbage is collected
				assert.Less(t, most, 50)
			}
			waitFor(t, "all gone", func() bool { return srv.Status().Clients == 0 })
			require.NoError(t, srv.Shutdown(t.Context()))
			waitFor(t, "descriptors", func() bool { return descriptors(t) <= before })
		})
	}
}

// fewDescriptors makes the test a server, in a process of its own, for the site that the variable names.
const fewDescriptors = "I2PSOCKS_TEST_FEW_DESCRIPTORS"

// siteAt is a site in another process.
type siteAt struct {
	net.Listener
	addr string
}

type addrOf string

func (addrOf) Network() string  { return "tcp" }
func (a addrOf) String() string { return string(a) }

func (s siteAt) Addr() net.Addr { return addrOf(s.addr) }

// Clients that say nothing, more than the process may have descriptors for, shut nobody out.
func TestSilentClientsAndFewDescriptors(t *testing.T) {
	if site, conns, ok := strings.Cut(os.Getenv(fewDescriptors), " "); ok {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		fmt.Println("address", l.Addr())
		srv := &Server{Dialer: keeper{siteAt{addr: site}}}
		if conns == "unlimited" {
			srv.MaxConns = -1
		}
		srv.Serve(l) // until it is killed
	}
	site := newKeeper(t)
	for _, conns := range []string{"default", "unlimited"} {
		t.Run(conns, func(t *testing.T) {
			cmd := exec.Command("sh", "-c", `ulimit -n 300 && exec "$0" -test.run '^TestSilentClientsAndFewDescriptors$'`, os.Args[0])
			cmd.Env = append(os.Environ(), fewDescriptors+"="+site.Addr().String()+" "+conns)
			out, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			defer func() {
				cmd.Process.Kill()
				cmd.Wait()
			}()
			var address string
			_, err = fmt.Fscanf(out, "address %s\n", &address)
			require.NoError(t, err)
			d := &Dialer{Address: address}
			for range 3 {
				for range 400 {
					c, err := net.Dial("tcp", address)
					require.NoError(t, err)
					defer c.Close()
				}
				took, err := visit(d)
				require.NoError(t, err)
				t.Log("served after", took)
				assert.Less(t, took, 5*time.Second)
			}
		})
	}
}
