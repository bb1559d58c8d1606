package leaktest_test

import (
	"io"
	"log/slog"
	"testing"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/dialer/samtest/leaktest"
	"github.com/go-i2p/i2psocks/keys"
)

// testBot is a test of a host's own, TestBot: two accounts of a bot visit a site.
func testBot(t *testing.T) {
	leaktest.Guard(t)
	nw := samtest.NewStrict(t)
	site := &i2psocks.Endpoint{SAM: nw.Start(nil).Addr()}
	defer site.Close()
	ln, err := site.Listen(t.Context(), "tcp", ":80")
	if err != nil {
		t.Fatal(err)
	}

	said, store := new(leaktest.Recorder), new(keys.Memory)
	bot := &i2psocks.Endpoint{SAM: nw.Start(nil).Addr(), Keys: store, Logger: slog.New(said.Handler())}
	defer bot.Close()
	if err := bot.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	id, err := store.Load(t.Context(), "default")
	if err == nil {
		err = said.Identity("the bot's", id)
	}
	if err != nil {
		t.Fatal(err)
	}
	said.Text("an account", "alice")

	var seen leaktest.Identities
	for _, account := range []string{"alice", "bob", "alice"} {
		conn, err := bot.Isolate(account).DialContext(t.Context(), "tcp", site.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		visitor, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if err := seen.Saw(account, visitor.RemoteAddr()); err != nil {
			t.Error(err)
		}
		visitor.Close()
		io.Copy(io.Discard, conn)
		conn.Close()
	}
	said.Check(t)
}

// A test of a host's own: no name is looked up and no proxy asked, no key and no account is logged, each account has an identity of
// its own, and nothing was sent to the router that routers do not bear well.
func Example() {
	_ = testBot // which a host calls TestBot
}
