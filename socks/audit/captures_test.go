package audit

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// captured is what real programs have sent, with their usual settings where nothing else is said.
var captured = []struct {
	file, host string
	rules      []Rule
}{
	{"http-curl", "stats.i2p", []Rule{HTTPUserAgent}},
	{"http-wget", "stats.i2p", []Rule{HTTPUserAgent}},
	{"http-curl-referer", "stats.i2p", []Rule{HTTPReferer, HTTPUserAgent}}, // -e and -b
	{"http-git", "stats.i2p", []Rule{HTTPLanguage, HTTPUserAgent}},
	{"http-python", "stats.i2p", []Rule{HTTPUserAgent}},
	{"http-node", "stats.i2p", []Rule{HTTPUserAgent}},
	{"http-chromium", "stats.i2p", []Rule{HTTPUserAgent}},
	{"tls-curl", "stats.i2p", []Rule{TLSFingerprint}},
	{"tls-curl", "abc.b32.i2p", []Rule{TLSFingerprint, TLSServerName}},
	{"tls-openssl", "stats.i2p", []Rule{TLSFingerprint}},
	{"tls-chromium", "stats.i2p", []Rule{TLSFingerprint}},
	{"tls-node", "stats.i2p", []Rule{TLSFingerprint}},
	{"ssh-openssh", "git.i2p", []Rule{SSHBanner}},
	{"smtp-swaks", "mail.i2p", []Rule{SMTPHeader, SMTPHello}},
	{"smtp-python", "mail.i2p", nil},
	{"smtp-msmtp", "mail.i2p", nil},                                                            // --domain=localhost
	{"irc-irssi", "irc.i2p", []Rule{IRCUser, OwnUserName}},                                     // user and real name set, as many do
	{"irc-weechat", "irc.i2p", []Rule{IRCCTCP, IRCUser}},                                       // asked for version and time
	{"tracker-aria2", "tracker.i2p", []Rule{BitTorrentAddress, BitTorrentPeer, HTTPUserAgent}}, // --bt-external-ip
	{"bittorrent-aria2", "peer.i2p", []Rule{BitTorrentPeer}},
	{"xmpp-slixmpp", "chat.i2p", nil},
}

func TestCapturesOfPrograms(t *testing.T) {
	for _, c := range captured {
		t.Run(c.file+" to "+c.host, func(t *testing.T) {
			b := capture(t, c.file)
			a := newAuditor()
			send(t, observe(t, a, "", c.host), b)
			assert.Equal(t, c.rules, rulesOf(a))

			slow := newAuditor()
			o := observe(t, slow, "", c.host)
			for i := range b {
				_, more, err := o.Sent(b[i:i+1], i == len(b)-1)
				require.NoError(t, err)
				require.Equal(t, i < len(b)-1, more)
			}
			assert.Equal(t, c.rules, rulesOf(slow), "byte by byte")

			text, err := json.Marshal(slow.Findings())
			require.NoError(t, err)
			for _, secret := range []string{c.host, "alice", "203.0.113.7", "private", "7.88", "deb12"} {
				assert.NotContains(t, string(text), secret)
			}
		})
	}
}

func TestRevealedFindings(t *testing.T) {
	a := newAuditor()
	a.Reveal = true
	send(t, observe(t, a, "", "tracker.i2p"), capture(t, "tracker-aria2"))
	text, err := json.Marshal(a.Findings())
	require.NoError(t, err)
	assert.Contains(t, string(text), `203.0.113.7`)
	assert.Contains(t, string(text), `"severity":"leak"`)
	var back []Finding
	require.NoError(t, json.Unmarshal(text, &back))
	assert.Equal(t, a.Findings()[0].Severity, back[0].Severity)
}

// These stand for clients that nobody could run here: the examples of the specifications, and hand-made ones.
func TestExamples(t *testing.T) {
	tests := []struct {
		name, sent string
		rules      []Rule
	}{
		{"I2P's own HTTP proxy", "GET / HTTP/1.1\r\nHost: site.i2p\r\nUser-Agent: MYOB/6.66 (AN/ON)\r\nAccept-Encoding: \r\nConnection: close\r\n\r\n", nil},
		{"proxy in between", "GET / HTTP/1.1\r\nHost: site.i2p\r\nX-Forwarded-For: 203.0.113.9\r\nVia: 1.1 box\r\n\r\n", []Rule{HTTPForwarded}},
		{"French browser", "GET / HTTP/1.1\r\nHost: site.i2p\r\nAccept-Language: fr,en;q=0.5\r\nFrom: bob@site\r\n\r\n", []Rule{HTTPFrom, HTTPLanguage}},
		{"referer of the same site", "GET / HTTP/1.1\r\nHost: site.i2p\r\nReferer: http://site.i2p/a\r\n\r\n", nil},
		{"other host", "GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n", []Rule{HTTPHost}},
		{"NTLM with this machine in it", "GET / HTTP/1.1\r\nHost: site.i2p\r\nAuthorization: NTLM " +
			"dwBvAHIAawBoAG8AcgBzAGUA\r\n\r\n", []Rule{HTTPAuthorization, OwnHostName}},
		{"destination at a tracker", "GET /a?info_hash=x&ip=abc.i2p&peer_id=x HTTP/1.1\r\nHost: site.i2p\r\n\r\n", nil},
		{"mail", "EHLO [192.0.2.1]\r\nMAIL FROM:<a@b>\r\nDATA\r\nReceived: from x\r\nDate: Sun, 29 Nov 2026 19:27:05 +0100\r\nMessage-ID: <1@work>\r\n\r\nhi\r\n",
			[]Rule{SMTPHeader, SMTPHello, TimeZone}},
		{"mail over TLS", "EHLO localhost\r\nSTARTTLS\r\n\x16\x03\x01\x00\x02\x01\x00", nil},
		{"IRC offer", "NICK bob\r\nUSER i2p 0 * :i2p\r\nPRIVMSG eve :\x01DCC SEND f 3232255237 5000 1\x01\r\n", []Rule{IRCDCC, OwnAddress}},
		{"IRC without names", "CAP LS 302\r\nNICK bob\r\nUSER user 0 * :unknown\r\nPRIVMSG #i2p :hello\r\n", nil},
		{"XMPP (RFC 6120, 4.7.1)", "<?xml version='1.0'?><stream:stream from='juliet@im.example.com' to='im.example.com' xmlns:stream='http://etherx.jabber.org/streams'>", []Rule{XMPPAddress}},
		{"SSH without a version", "SSH-2.0-Go\r\n", nil},
		{"anonymous peer", "\x13BitTorrent protocol\x00\x00\x00\x00\x00\x10\x00\x0501234567890123456789\x01\x02\x03\x04567890123456789a", nil},
		{"peer with address", "\x13BitTorrent protocol\x00\x00\x00\x00\x00\x10\x00\x0501234567890123456789\x01\x02\x03\x04567890123456789a" +
			"\x00\x00\x00\x12\x14\x00d4:ipv44:\xcb\x00\x71\x07e", []Rule{BitTorrentAddress}},
		{"address in text", "hello from 192.168.77.5!", []Rule{OwnAddress}},
		{"address for FTP", "PORT 192,168,77,5,10,3\r\n", []Rule{OwnAddress}},
		{"address in bytes", "\x00\x01\xc0\xa8\x4d\x05\x02", []Rule{OwnAddress}},
		{"IPv6 in full", "[2001:0db8:0000:0000:0000:0000:0000:0077]", []Rule{OwnAddress}},
		{"longer address", "1192.168.77.5 192.168.77.51", nil},
		{"hardware", "52-54-00-12-34-56", []Rule{OwnHardware}},
		{"names", "WORKHORSE\\Alice in Europe/Paris", []Rule{OwnHostName, OwnTimeZoneName, OwnUserName}},
		{"longer names", "malice of workhorses", nil},
		{"STUN over TCP", "\x00\x01\x00\x00\x21\x12\xa4\x42abcdefghijkl", []Rule{STUN}},
		{"nothing", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := newAuditor()
			send(t, observe(t, a, "", "site.i2p"), []byte(tt.sent))
			found := rulesOf(a)
			if len(found) > 0 && found[0] == HTTPUserAgent {
				found = found[1:]
			}
			assert.Equal(t, tt.rules, append([]Rule(nil), found...))
		})
	}
}

// The values are those that JA4's authors publish for a Chrome.
func TestJA4(t *testing.T) {
	h := &clientHello{
		version:    0x0304,
		ciphers:    []uint16{0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035},
		extensions: []uint16{0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005, 0x0023, 0x0012, 0x002b, 0xff01, 0x000b, 0x000a, 0x0015},
		signatures: []uint16{0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601},
		protocol:   "h2",
	}
	assert.Equal(t, "t13d1516h2_8daaf6152771_e5627efa2ab1", h.ja4())
	assert.Equal(t, "t00i000000_000000000000_000000000000", (&clientHello{}).ja4())
	assert.Equal(t, "20", alpnMark(" \x00"), "digits of what is no letter")
}
