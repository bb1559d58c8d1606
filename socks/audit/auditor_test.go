package audit

import (
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/socks"
)

func TestRequests(t *testing.T) {
	ip := netip.MustParseAddr("203.0.113.9")
	tests := []struct {
		name  string
		r     socks.Request
		rules []Rule
	}{
		{"name", socks.Request{Version: socks.SOCKS5, Command: socks.Connect, Host: "site.i2p"}, nil},
		{"name with a dot", socks.Request{Version: socks.SOCKS5, Command: socks.Connect, Host: "Site.I2P."}, nil},
		{"address", socks.Request{Version: socks.SOCKS5, Command: socks.Connect, Host: ip.String(), IP: ip}, []Rule{IPLiteral}},
		{"address as text", socks.Request{Version: socks.SOCKS5, Command: socks.Connect, Host: ip.String()}, []Rule{IPLiteral}},
		{"SOCKS 4", socks.Request{Version: socks.SOCKS4, Command: socks.Connect, Host: ip.String(), IP: ip}, []Rule{IPLiteral, SOCKS4}},
		{"SOCKS 4a", socks.Request{Version: socks.SOCKS4a, Command: socks.Connect, Host: "site.i2p"}, nil},
		{"clear net", socks.Request{Version: socks.SOCKS5, Command: socks.Connect, Host: "update.example.com"}, []Rule{ClearnetName}},
		{"association", socks.Request{Version: socks.SOCKS5, Command: socks.Associate, Host: "127.0.0.1", IP: netip.MustParseAddr("127.0.0.1")}, nil},
		{"bind for all", socks.Request{Version: socks.SOCKS5, Command: socks.Bind, Host: "0.0.0.0", IP: netip.IPv4Unspecified()}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := newAuditor()
			_, err := a.Observe(t.Context(), &tt.r)
			require.NoError(t, err)
			assert.Equal(t, tt.rules, rulesOf(a))
		})
	}
}

func TestIdentitiesAndTokens(t *testing.T) {
	a := newAuditor()
	send(t, observe(t, a, "bob", "one.i2p"), capture(t, "http-curl"))
	send(t, observe(t, a, "bob", "one.i2p"), capture(t, "http-curl"))
	assert.NotContains(t, rulesOf(a), SharedIdentity)
	assert.NotContains(t, rulesOf(a), ReusedToken)
	send(t, observe(t, a, "bob", "two.i2p"), capture(t, "http-wget"))
	assert.Contains(t, rulesOf(a), SharedIdentity)
	assert.Contains(t, rulesOf(a), ReusedToken)
}

func TestSharedUnixUsers(t *testing.T) {
	a := newAuditor()
	for uid := range uint32(2) {
		r := request("bob", "one.i2p")
		r.Peer = &socks.Peer{UID: uid + 1000}
		_, err := a.Observe(t.Context(), r)
		require.NoError(t, err)
	}
	assert.Equal(t, []Rule{SharedIdentity}, rulesOf(a))
}

func TestValuesThatLinkIdentities(t *testing.T) {
	hello := capture(t, "tls-openssl")
	for name, b := range map[string][]byte{
		"cookie":  capture(t, "http-curl-referer"),
		"nick":    []byte("NICK aliceinwonderland\r\nUSER i2p 0 * :i2p\r\n"),
		"peer ID": capture(t, "bittorrent-aria2"),
		"JID":     []byte("<stream:stream from='juliet@im.i2p' to='im.i2p'>"),
	} {
		t.Run(name, func(t *testing.T) {
			a := newAuditor()
			send(t, observe(t, a, "one", "site.i2p"), b)
			send(t, observe(t, a, "one", "site.i2p"), b)
			assert.NotContains(t, rulesOf(a), SharedValue, "one identity may repeat itself")
			send(t, observe(t, a, "two", "site.i2p"), b)
			assert.Contains(t, rulesOf(a), SharedValue)
		})
	}
	a := newAuditor()
	send(t, observe(t, a, "one", "site.i2p"), hello)
	send(t, observe(t, a, "two", "site.i2p"), hello)
	assert.NotContains(t, rulesOf(a), SharedValue, "no session is resumed")
}

func TestSessionTicketsLinkIdentities(t *testing.T) {
	h := &clientHello{}
	h.extension(extSessionTicket, []byte("a ticket of 20 bytes"))
	h.extension(extPreSharedKey, append([]byte{0, 16, 0, 10}, "0123456789\x00\x00\x00\x01"...))
	require.Equal(t, []string{"a ticket of 20 bytes", "0123456789"}, h.tickets)
	a := newAuditor()
	for _, user := range []string{"one", "two"} {
		observe(t, a, user, "site.i2p").(*stream).hello(h)
	}
	assert.Contains(t, rulesOf(a), SharedValue)
}

func TestFatalFindings(t *testing.T) {
	fatal := func(f Finding) bool { return f.Severity == Leak }

	t.Run("request", func(t *testing.T) {
		a := &Auditor{Machine: &machine, Fatal: fatal}
		_, err := a.Observe(t.Context(), &socks.Request{Version: socks.SOCKS5, Command: socks.Connect, Host: "192.0.2.1"})
		require.ErrorIs(t, err, ErrFatal)
		var reply *socks.ReplyError
		require.ErrorAs(t, err, &reply)
		assert.Equal(t, socks.NotAllowed, reply.Reply)
	})
	t.Run("nothing leaves before it is understood", func(t *testing.T) {
		a := &Auditor{Machine: &machine, Fatal: fatal}
		o := observe(t, a, "", "mail.i2p")
		line := "EHLO laptop.example\r\n"
		for i := range len(line) - 1 {
			hold, more, err := o.Sent([]byte(line[i:i+1]), false)
			require.NoError(t, err, i)
			require.True(t, hold, line[:i+1])
			require.True(t, more)
		}
		_, _, err := o.Sent([]byte("\n"), false)
		require.ErrorIs(t, err, ErrFatal)
	})
	t.Run("what is understood goes on", func(t *testing.T) {
		a := &Auditor{Machine: &machine, Fatal: fatal}
		o := observe(t, a, "", "irc.i2p")
		hold, more, err := o.Sent([]byte("NICK bob\r\n"), false)
		require.NoError(t, err)
		assert.False(t, hold)
		assert.True(t, more)
		_, _, err = o.Sent([]byte("PRIVMSG eve :\x01DCC SEND f 3232255237 5000 1\x01\r\n"), false)
		require.ErrorIs(t, err, ErrFatal)
	})
	t.Run("unknown protocols are not withheld", func(t *testing.T) {
		a := &Auditor{Machine: &machine, Fatal: fatal}
		for _, sent := range []string{"\x00\x01\x02", "PING", "hello", "getx"} {
			hold, _, err := observe(t, a, "", "x.i2p").Sent([]byte(sent), false)
			require.NoError(t, err)
			assert.False(t, hold, sent)
		}
		hold, _, err := observe(t, a, "", "x.i2p").Sent([]byte("ge"), false)
		require.NoError(t, err)
		assert.True(t, hold, "it may become GET")
	})
	t.Run("without Fatal nothing is withheld", func(t *testing.T) {
		hold, _, err := observe(t, newAuditor(), "", "x.i2p").Sent([]byte("GET / HT"), false)
		require.NoError(t, err)
		assert.False(t, hold)
	})
	t.Run("datagram", func(t *testing.T) {
		a := &Auditor{Machine: &machine, Fatal: fatal}
		_, err := observe(t, a, "", "x.i2p").Datagram("stun.i2p", capture(t, "stun-turnutils"))
		require.ErrorIs(t, err, ErrFatal)
	})
}

func TestDatagrams(t *testing.T) {
	a := newAuditor()
	o := observe(t, a, "", "x.i2p")
	for _, name := range []string{"udp-tracker-aria2-1", "udp-tracker-aria2-2", "stun-turnutils"} {
		_, err := o.Datagram("peer.i2p", capture(t, name))
		require.NoError(t, err)
	}
	assert.Equal(t, []Rule{BitTorrentAddress, BitTorrentPeer, STUN}, rulesOf(a))

	alone := newAuditor()
	_, err := observe(t, alone, "", "x.i2p").Datagram("peer.i2p", capture(t, "udp-tracker-aria2-2"))
	require.NoError(t, err)
	assert.Empty(t, alone.Findings(), "nobody has connected to a tracker")
}

func TestAnswersThatKnowTheMachine(t *testing.T) {
	a := newAuditor()
	o := observe(t, a, "", "site.i2p")
	require.True(t, o.Received([]byte("your address is 192.168.")))
	require.True(t, o.Received([]byte("77.5, is it not?")))
	require.Len(t, a.Findings(), 1)
	assert.Equal(t, OwnAddress, a.Findings()[0].Rule)
	assert.Equal(t, "answer", a.Findings()[0].Protocol)
}

func TestBounds(t *testing.T) {
	a := newAuditor()
	a.MaxFindings = 10
	for i := range 100 {
		observe(t, a, string(rune('a'+i%26))+string(rune('a'+i/26)), "x.example")
	}
	assert.Len(t, a.Findings(), 10)
	_, err := a.Observe(t.Context(), &socks.Request{Version: socks.SOCKS5, Command: socks.Connect, Host: "192.0.2.1"})
	require.NoError(t, err)
	assert.Equal(t, IPLiteral, a.Findings()[0].Rule, "a leak takes the place of a warning")

	o := observe(t, a, "", "x.i2p")
	_, more, err := o.Sent(make([]byte, 1<<20), false)
	require.NoError(t, err)
	assert.False(t, more)
	assert.Nil(t, o.(*stream).buf)

	none := newAuditor()
	none.Sample = -1
	observer, err := none.Observe(t.Context(), request("", "x.i2p"))
	require.NoError(t, err)
	assert.Nil(t, observer)
}

func TestFindingsAreCounted(t *testing.T) {
	var told []Finding
	a := newAuditor()
	a.OnFinding = func(f Finding) { told = append(told, f) }
	for range 3 {
		send(t, observe(t, a, "", "stats.i2p"), capture(t, "http-curl"))
	}
	require.Len(t, told, 1)
	require.Len(t, a.Findings(), 1)
	f := a.Findings()[0]
	assert.Equal(t, 3, f.Count)
	assert.WithinDuration(t, time.Now(), f.Last, time.Minute)
	assert.Equal(t, "note: HTTP: http-user-agent: 11 bytes. "+HTTPUserAgent.Advice(), f.String())
}

func TestEveryRuleHasAdvice(t *testing.T) {
	for _, r := range Rules() {
		assert.NotEmpty(t, r.Advice(), r)
	}
}

func TestThisMachine(t *testing.T) {
	m := ThisMachine()
	for _, a := range m.Addrs {
		assert.False(t, a.IsLoopback())
	}
	if name, err := os.Hostname(); err == nil && len(name) > 2 && len(telltale(commonHosts, name)) > 0 {
		assert.Contains(t, m.Hosts, name)
	}
	assert.NotEmpty(t, machine.traces())
}
