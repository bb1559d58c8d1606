package etcdkeys_test

import (
	"context"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/keys/etcd"
)

// Any number of hosts run this; one of them is the site.
func Example() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{"etcd.example.org:2379"}})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	for ctx.Err() == nil {
		store := &etcdkeys.Store{Client: client, Prefix: "sites", Host: "rack 2"}
		ep := &i2psocks.Endpoint{Name: "site", Keys: store}
		if err := serveWhileOwner(ctx, store, ep, http.FileServer(http.Dir("site"))); err != nil {
			log.Print(err)
			time.Sleep(time.Second)
		}
	}
}

// serveWhileOwner waits until no other host is the site, and is it until the
// ownership is lost or ctx ends.
func serveWhileOwner(ctx context.Context, store *etcdkeys.Store, ep *i2psocks.Endpoint, site http.Handler) error {
	defer store.Close() // last: from then on another host is the site
	if err := store.Acquire(ctx, ep.Name); err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() {
		ln, err := ep.Listen(ctx, "tcp", ":80")
		if err == nil {
			err = http.Serve(ln, site)
		}
		served <- err
	}()
	var err error
	select {
	case err = <-served:
	case <-store.Lost():
	case <-ctx.Done():
	}
	ep.Close() // ends Serve too
	return err
}

func TestEndpointIsClosedBeforeTheNextIsUp(t *testing.T) {
	t.Parallel()
	nw := samtest.NewStrict(t)
	first, second := nw.Start(nil), nw.Start(nil)
	here := etcd(t).network(t)
	one, two := here.host(t), etcd(t).host(t)
	one.TTL, one.Timeout, two.TTL = ttl, time.Second, ttl
	host := func(store *etcdkeys.Store, bridge *samtest.Bridge, says string) <-chan error {
		done := make(chan error, 1)
		ep := &i2psocks.Endpoint{Name: "site", Keys: store, SAM: bridge.Addr()}
		site := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, says) })
		go func() { done <- serveWhileOwner(t.Context(), store, ep, site) }()
		return done
	}
	visitor := &i2psocks.Endpoint{SAM: nw.Start(nil).Addr(), DialTimeout: time.Second}
	defer visitor.Close()
	get := func(address string) string {
		resp, err := visitor.HTTPClient().Get("http://" + address + "/")
		if err != nil {
			return err.Error()
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return string(body)
	}

	ended := host(one, first, "one")
	require.Eventually(t, func() bool { return len(first.Sessions()) > 0 }, 10*time.Second, 10*time.Millisecond)
	address := first.Sessions()[0].Destination.Base32()
	require.Eventually(t, func() bool { return get(address) == "one" }, 10*time.Second, 100*time.Millisecond)
	host(two, second, "two")
	here.blackhole()
	require.Eventually(t, func() bool {
		up, was := len(second.Sessions()) > 0, len(first.Sessions()) > 0
		assert.False(t, up && was, "both are the site")
		return up
	}, 20*time.Second, time.Millisecond)
	require.Eventually(t, func() bool { return get(address) == "two" }, 10*time.Second, 100*time.Millisecond)
	assert.NoError(t, <-ended)
	// The cleanup of the store of two ends its turn: its Endpoint is closed.
}
