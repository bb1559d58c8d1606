package audit

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// wide returns UTF-16.
func wide(s string, order binary.AppendByteOrder) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return string(b)
}

// TestFormsOfTraces: what tells of the machine is found however it is written.
func TestFormsOfTraces(t *testing.T) {
	for name, tt := range map[string]struct {
		sent string
		rule Rule
	}{
		"credentials":           {"Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("alice:secret")), OwnUserName},
		"SASL":                  {"AUTH PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00alice\x00pw")), OwnUserName},
		"base64 without begin":  {strings.Repeat("x", 301) + base64.URLEncoding.EncodeToString([]byte("?? alice ??")), OwnUserName},
		"percent":               {"/?u=%61lic%65", OwnUserName},
		"percent address":       {"/?a=192%2E168%2e77.5", OwnAddress},
		"percent zone":          {"tz=Europe%2FParis", OwnTimeZoneName},
		"JSON":                  {`"Europe\/Paris"`, OwnTimeZoneName},
		"UTF-16, big endian":    {"\x00a\x00l\x00i\x00c\x00e", OwnUserName},
		"UTF-16 address":        {wide("192.168.77.5", binary.LittleEndian), OwnAddress},
		"big-endian address":    {wide("192.168.77.5", binary.BigEndian), OwnAddress},
		"UTF-16 address, odd":   {"x" + wide(" 192-168-77-5 ", binary.LittleEndian), OwnAddress},
		"UTF-16 hardware":       {wide("52:54:00:12:34:56", binary.LittleEndian), OwnHardware},
		"UTF-16, accents":       {wide("JÖRG", binary.LittleEndian), OwnUserName},
		"UTF-16 in base64":      {base64.StdEncoding.EncodeToString([]byte(wide("by Jörg", binary.LittleEndian))), OwnUserName},
		"base64 in lines":       {"RGVhciBhbGwsIHRoaXMgbWFpbCBpcyBhYm91dCBzb21ldGhpbmcgZWxzZSwgYWxp\r\nY2UgaXMgaGVyZSBhbmQgc28gb24=\r\n", OwnUserName},
		"hexadecimal":           {"0xc0a84d05", OwnAddress},
		"hexadecimal, dotted":   {"0xC0.0xA8.0x4D.0x05", OwnAddress},
		"octal":                 {"0300.0250.0115.0005", OwnAddress},
		"octal, short":          {"0300.0250.0115.05", OwnAddress},
		"in three digits":       {"192.168.077.005", OwnAddress},
		"name of a host":        {"ip-192-168-77-5.lan", OwnAddress},
		"backwards":             {"5.77.168.192.in-addr.arpa", OwnAddress},
		"IPv4 in IPv6":          {"::ffff:c0a8:4d05", OwnAddress},
		"IPv6 without short":    {"2001:db8:0:0:0:0:0:77", OwnAddress},
		"hardware, with points": {"5254.0012.3456", OwnHardware},
		"hardware in IPv6":      {"fe80::5054:ff:fe12:3456", OwnHardware},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAuditor()
			send(t, observe(t, a, "", "site.i2p"), []byte(tt.sent+"\n"))
			assert.Equal(t, []Rule{tt.rule}, rulesOf(a))
		})
	}
}

// TestLaterMessages: what comes behind the first message, or in odd ways, is understood too.
func TestLaterMessages(t *testing.T) {
	const get = "GET / HTTP/1.1\r\nHost: site.i2p\r\nUser-Agent: MYOB/6.66 (AN/ON)\r\n"
	for name, tt := range map[string]struct {
		sent  string
		rules []Rule
	}{
		"second request":      {get + "\r\n" + get + "From: x@y\r\n\r\n", []Rule{HTTPFrom}},
		"behind a body":       {get + "Content-Length: 3\r\n\r\nabc" + get + "From: x@y\r\n\r\n", []Rule{HTTPFrom}},
		"within a body":       {get + "Content-Length: 99\r\n\r\n" + get + "From: x@y\r\n\r\n", nil},
		"behind blank lines":  {"\r\n\r\n" + get + "From: x@y\r\n\r\n", []Rule{HTTPFrom}},
		"of WebDAV":           {strings.Replace(get, "GET", "REPORT", 1) + "From: x@y\r\n\r\n", []Rule{HTTPFrom}},
		"second field":        {get + "X-Forwarded-For: \r\nX-Forwarded-For: 192.0.2.1\r\n\r\n", []Rule{HTTPForwarded}},
		"second referer":      {get + "Referer: http://site.i2p/\r\nReferer: http://x.example/\r\n\r\n", []Rule{HTTPReferer}},
		"origin":              {get + "Origin: http://localhost:3000\r\n\r\n", []Rule{HTTPReferer}},
		"own origin":          {get + "Origin: http://site.i2p\r\n\r\n", nil},
		"no origin":           {get + "Origin: null\r\n\r\n", nil},
		"second mail":         {"EHLO localhost\r\nDATA\r\nSubject: x\r\n\r\nhi\r\n.\r\nDATA\r\nReceived: from y\r\n\r\n.\r\n", []Rule{SMTPHeader}},
		"SSH of before":       {"SSH-1.99-OpenSSH_9.2p1\r\n", []Rule{SSHBanner}},
		"IRC with its source": {"AUTHENTICATE PLAIN\r\n:bob NICK bob\r\n:bob USER bobby 0 * :Bob B\r\n", []Rule{IRCUser}},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAuditor()
			send(t, observe(t, a, "", "site.i2p"), []byte(tt.sent))
			assert.Equal(t, tt.rules, rulesOf(a))
		})
	}
}

func TestTruncatedHello(t *testing.T) {
	hello := capture(t, "tls-curl")
	a := newAuditor()
	a.Sample = len(hello) - 100
	o := observe(t, a, "", "abc.b32.i2p")
	_, more, err := o.Sent(hello, false)
	require.NoError(t, err)
	assert.False(t, more)
	assert.Equal(t, []Rule{TLSServerName}, rulesOf(a))
}

// TestFatalBeforeTheBytesLeave: a name at the end of what leaves now is not waited for to go on.
func TestFatalBeforeTheBytesLeave(t *testing.T) {
	a := newAuditor()
	a.Fatal = func(f Finding) bool { return f.Severity == Leak }
	_, _, err := observe(t, a, "", "site.i2p").Sent([]byte("hello alice"), false)
	assert.ErrorIs(t, err, ErrFatal)
}

func TestDistributedTable(t *testing.T) {
	const ping = "d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:v4:LT\x01\x02" + "1:y1:qe"
	a := newAuditor()
	for _, user := range []string{"one", "two"} {
		_, err := observe(t, a, user, "peer.i2p").Datagram("peer.i2p", []byte(ping))
		require.NoError(t, err)
	}
	assert.Equal(t, []Rule{BitTorrentPeer, SharedValue}, rulesOf(a))
}
