package i2phost_test

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
)

// The names of vector A: the hash of its destination, and its Ed25519 key with
// each of the flags, as a live router prints them.
const (
	hashLabel = "baz5fnifptdznvtavtm5kvpi3lhn54pxhfpwvifwtlx564e272yq"
	hashHex   = "0833d2b5057cc796d660acd9d555e8dacedef1f7395f6aa0b69aefdf709afeb1"
	keyHex    = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"

	blinded0 = "z24g4a5ba677htqqxyoxbxiy45f4bglh4tldbg5fbvpr3xegmqjfkmny"
	blinded2 = "zs4g4a5ba677htqqxyoxbxiy45f4bglh4tldbg5fbvpr3xegmqjfkmny"
	blinded4 = "zk4g4a5ba677htqqxyoxbxiy45f4bglh4tldbg5fbvpr3xegmqjfkmny"
	blinded6 = "zc4g4a5ba677htqqxyoxbxiy45f4bglh4tldbg5fbvpr3xegmqjfkmny"
)

func b32(label string) string { return label + ".b32.i2p" }

// base64Of makes the text of n bytes.
func base64Of(chars int, padding string) string {
	return strings.Repeat("Q-~9", chars/4)[:chars-len(padding)-1] + "A" + padding
}

func TestParse(t *testing.T) {
	dest516, dest524, dest528 := base64Of(516, ""), base64Of(524, "=="), base64Of(528, "=")
	label63 := strings.Repeat("a", 63)
	tests := []struct {
		in   string
		kind i2phost.Kind
		out  string // "" for the same as in
	}{
		{"stats.i2p", i2phost.Name, ""},
		{"a.i2p", i2phost.Name, ""},
		{"7.i2p", i2phost.Name, ""},
		{"1.2.3.4.i2p", i2phost.Name, ""},
		{"www.stats.i2p", i2phost.Name, ""},
		{"a-b.c-d.i2p", i2phost.Name, ""},
		{"Stats.I2P", i2phost.Name, "stats.i2p"},
		{"stats.i2p.", i2phost.Name, "stats.i2p"},
		{"stats.i2p.alt", i2phost.Name, "stats.i2p"},
		{"STATS.I2P.ALT.", i2phost.Name, "stats.i2p"},
		{"i2p.i2p", i2phost.Name, ""},
		{"alt.i2p", i2phost.Name, ""},
		{"xn--bcher-kva.i2p", i2phost.Name, ""},
		{"a.xn--bcher-kva.i2p", i2phost.Name, ""},
		{"my-router.i2p", i2phost.Name, ""},
		{"router.a.i2p", i2phost.Name, ""},
		{"b32.a.i2p", i2phost.Name, ""},
		{label63 + ".i2p", i2phost.Name, ""},
		{hashLabel[:51] + "b.i2p", i2phost.Name, ""},
		{hashLabel[:51] + ".i2p", i2phost.Name, ""},

		{b32(hashLabel), i2phost.Base32, ""},
		{strings.ToUpper(b32(hashLabel)) + ".", i2phost.Base32, b32(hashLabel)},
		{b32(hashLabel) + ".alt", i2phost.Base32, b32(hashLabel)},
		{b32(strings.Repeat("a", 52)), i2phost.Base32, ""},

		{b32(blinded0), i2phost.EncryptedBase32, ""},
		{b32(blinded2), i2phost.EncryptedBase32, ""},
		{b32(blinded4), i2phost.EncryptedBase32, ""},
		{b32(blinded6), i2phost.EncryptedBase32, ""},
		{strings.ToUpper(b32(blinded0)), i2phost.EncryptedBase32, b32(blinded0)},

		{dest516, i2phost.Base64, ""},
		{dest524, i2phost.Base64, ""},
		{dest528, i2phost.Base64, ""},
		{base64Of(5464, ""), i2phost.Base64, ""},
	}
	for _, tt := range tests {
		t.Run(name(tt.in), func(t *testing.T) {
			h, err := i2phost.Parse(tt.in)
			require.NoError(t, err)
			want := tt.out
			if want == "" {
				want = tt.in
			}
			assert.Equal(t, want, h.String())
			assert.Equal(t, tt.kind, h.Kind())
			again, err := i2phost.Parse(h.String())
			require.NoError(t, err)
			assert.True(t, h == again)
		})
	}
}

// name keeps the names of subtests short.
func name(s string) string { return fmt.Sprintf("%.40q", s) }

func TestParseNotI2P(t *testing.T) {
	for _, in := range []string{
		"example.com", "EXAMPLE.com.", "localhost", "com", "_dmarc.example.com", "a--b.com",
		"x.i2p.evil.com", "stats.i2p.com", "stats.i2pp", "xi2p", "stats-i2p", "stats.i2p.onion", "stats.alt",
		"stats.i2p.alt.alt", b32(hashLabel) + ".example.com", "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion",
		"127.0.0.1", "127.0.0.1.", "0.0.0.0", "255.255.255.255", "8.8.8.8",
		"127.1", "2130706433", "0x7f.1", "0x7f000001", "0177.0.0.1", "1.2.3.4.5", "1.2",
		"::1", "::", "[::1]", "2001:db8::1", "[2001:DB8::1]", "::ffff:127.0.0.1", "[::ffff:127.0.0.1]",
		"fe80::1%eth0", "[fe80::1%eth0]", "fe80::1%a.i2p", "[127.0.0.1]",
		"fd60:db4d:ddb5:833:d2b5:57c:c796:d660", "fd87:d87e:eb43::1",
		strings.Repeat(strings.Repeat("a", 62)+".", 4) + "c",
	} {
		t.Run(name(in), func(t *testing.T) { assertFails(t, in, i2phost.ErrNotI2P) })
	}
}

func assertFails(t *testing.T, in string, want error) {
	t.Helper()
	h, err := i2phost.Parse(in)
	require.ErrorIs(t, err, want)
	assert.Zero(t, h)
	other := i2phost.ErrMalformed
	if want == other {
		other = i2phost.ErrNotI2P
	}
	assert.NotErrorIs(t, err, other)
	if len(in) > 3 {
		assert.NotContains(t, err.Error(), in, "names stay out of errors")
	}
}

func TestParseMalformed(t *testing.T) {
	dest := base64Of(524, "==")
	tests := map[string][]string{
		"nothing":       {"", ".", "..", " ", "\x00"},
		"only a suffix": {".i2p", "i2p", "I2P.", "i2p.alt", ".i2p.alt", "b32.i2p", ".b32.i2p", "B32.I2P.", "b32.i2p.alt"},
		"dots":          {"a..i2p", "a.i2p..", ".a.i2p", "a..b.i2p", "..i2p", "a.i2p..alt", "a..com", ".com", "example.com.."},
		"controls": {"a b.i2p", " a.i2p", "a.i2p ", "a\n.i2p", "a.i2p\n", "a.i2p\r\n", "a\t.i2p", "a\x00.i2p", "a.i2p\x00",
			"a\x7f.i2p", "a.i2p\nSESSION REMOVE", "a.i2p SILENT=true", "example.com\n", "::1\n", "fe80::1%a\nb", "127.0.0.1\x00"},
		"characters": {`a".i2p`, `"a.i2p"`, "a'.i2p", `a\.i2p`, "a=b.i2p", "a/b.i2p", "a@b.i2p", "u:p@a.i2p", "a.i2p:80", "[::1]:80",
			"a%41.i2p", "a%00.i2p", "a,b.i2p", "a;b.i2p", "a#b.i2p", "a?b.i2p", "a_b.i2p", "a*.i2p", "*.i2p", "a~.i2p", "a+b.i2p",
			"http://a.i2p", "http://a.i2p/", "a.i2p/", "[a.i2p]", "[::1", "::1]", "[]", "[[::1]]", ":", "::g", "1.2.3.4%eth0", "<a>.i2p", "a!b.com"},
		"not ASCII": {"bücher.i2p", "a。i2p", "a\u200b.i2p", "\u212aey.i2p", "a\xff.i2p", "ⅰ2p", "a.ⅰ2p", "bücher.example", "a.i2p\u0085"},
		"hyphens":   {"-a.i2p", "a-.i2p", "a.-b.i2p", "a-.b.i2p", "-.i2p", "a--b.i2p", "axn--b.i2p", "xn--.i2p", "xn--a-.i2p"},
		"length": {strings.Repeat("a", 64) + ".i2p", "aaa." + strings.Repeat("a", 60) + ".i2p", strings.Repeat("a", 64) + ".com",
			strings.Repeat("a.", 127) + "i2p", strings.Repeat("a.", 127) + "com", strings.Repeat("a", 300), strings.Repeat("a", 515),
			strings.Repeat("a", 1<<20), strings.Repeat("A", 1<<20)},
		"reserved": {"proxy.i2p", "router.i2p", "console.i2p", "mail.i2p", "Router.I2P.", "router.i2p.alt", "a.proxy.i2p", "a.b.mail.i2p"},
		"look-alike": {hashLabel + ".i2p", strings.ToUpper(hashLabel) + ".i2p", hashLabel + ".i2p.alt",
			hashLabel[:51] + "a.i2p"},
		"base32": {
			b32(hashLabel[:51]), b32(hashLabel + "a"), b32("aa"), b32(hashLabel[:16]),
			b32(hashLabel[:51] + "b"), b32(hashLabel[:51] + "7"), // spare bits
			b32("1" + hashLabel[1:]), b32("0" + hashLabel[1:]), b32("8" + hashLabel[1:]), b32("-" + hashLabel[1:]),
			b32("www." + hashLabel), b32(hashLabel[:16] + ".oc"), b32("b32.i2p"), "a." + b32("b32"),
			b32("4oymiquy7qobjgx36tejs35zeqt24qpemsnzgtfeswmrw6csxbkq"),
			b32(strings.ToUpper("4oymiquy7qobjgx36tejs35zeqt24qpemsnzgtfeswmrw6csxbkq")),
			hashLabel + "\n.b32.i2p", hashLabel + ".b64.b32.i2p",
		},
		"encrypted base32": {
			b32(blinded0[:55]), b32(blinded0 + "a"), b32(blinded0[:54] + "aa"), b32("a24" + blinded0[3:]),
			b32(encodeBlinded(1, 7, 11)), b32(encodeBlinded(8, 7, 11)), b32(encodeBlinded(128, 7, 11)),
			b32(encodeBlinded(0, 7, 7)), b32(encodeBlinded(0, 11, 7)), b32(encodeBlinded(0, 0, 11)), b32(encodeBlinded(0, 1, 1)),
			b32("www." + blinded0), b32(strings.Repeat("a", 63)), b32(strings.Repeat("a", 64)),
		},
		"base64": {
			dest[:522], dest[:523], dest + "=", dest + "==", "=" + dest[1:], dest[:200] + "=" + dest[201:], dest[:520] + "====",
			dest[:100] + "\n" + dest[101:], dest + "\n", "\n" + dest[1:], dest[:200] + "\r\n" + dest[202:],
			dest[:100] + "+" + dest[101:], dest[:100] + "/" + dest[101:], dest[:100] + " " + dest[101:], dest[:100] + "\x00" + dest[101:],
			dest[:521] + "B==", base64Of(528, "=")[:526] + "B=", // spare bits
			base64Of(5468, ""), dest + ".i2p", dest[:100] + "é" + dest[102:],
		},
	}
	for kind, inputs := range tests {
		for _, in := range inputs {
			t.Run(kind+"/"+name(in), func(t *testing.T) { assertFails(t, in, i2phost.ErrMalformed) })
		}
	}
}

func TestNonASCIIErrorHelps(t *testing.T) {
	_, err := i2phost.Parse("bücher.i2p")
	assert.ErrorContains(t, err, "xn--")
}

func TestHash(t *testing.T) {
	h, err := i2phost.Parse(b32(hashLabel))
	require.NoError(t, err)
	hash, ok := h.Hash()
	require.True(t, ok)
	assert.Equal(t, hashHex, hex.EncodeToString(hash[:]))
	_, ok = h.Blinded()
	assert.False(t, ok)

	for _, in := range []string{"a.i2p", b32(blinded0), base64Of(516, "")} {
		h, err := i2phost.Parse(in)
		require.NoError(t, err)
		hash, ok := h.Hash()
		assert.False(t, ok)
		assert.Zero(t, hash)
	}
	nothing := sha256.Sum256(nil)
	_, err = i2phost.Parse(b32(lower32.EncodeToString(nothing[:])))
	assert.ErrorIs(t, err, i2phost.ErrMalformed)
}

var lower32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// encodeBlinded is the other direction, for vector A's key.
func encodeBlinded(flags, sig, blinded byte) string {
	key, err := hex.DecodeString(keyHex)
	if err != nil {
		panic(err)
	}
	crc := crc32.ChecksumIEEE(key)
	data := []byte{flags ^ byte(crc), sig ^ byte(crc>>8), blinded ^ byte(crc>>16)}
	return lower32.EncodeToString(append(data, key...))
}

func TestBlinded(t *testing.T) {
	require.Equal(t, blinded0, encodeBlinded(0, 7, 11), "the test's own encoder")
	tests := []struct {
		label        string
		sig          uint16
		secret, auth bool
	}{
		{blinded0, 7, false, false},
		{blinded2, 7, true, false},
		{blinded4, 7, false, true},
		{blinded6, 7, true, true},
		{encodeBlinded(0, 11, 11), 11, false, false},
	}
	for _, tt := range tests {
		h, err := i2phost.Parse(b32(tt.label))
		require.NoError(t, err)
		b, ok := h.Blinded()
		require.True(t, ok)
		assert.Equal(t, keyHex, hex.EncodeToString(b.Key[:]))
		assert.Equal(t, i2phost.Blinded{SignatureType: tt.sig, Key: b.Key, NeedsSecret: tt.secret, NeedsAuth: tt.auth}, b)
		_, ok = h.Hash()
		assert.False(t, ok)

		again, err := b.Host()
		require.NoError(t, err)
		assert.Equal(t, h, again, "and back")
	}
	for _, sig := range []uint16{0, 1, 8, 9, 263} {
		h, err := i2phost.Blinded{SignatureType: sig, Key: [32]byte{1}}.Host()
		assert.ErrorIs(t, err, i2phost.ErrMalformed)
		assert.Zero(t, h)
	}
}

// The checksum is weak by design; exactly four typos of vector A get past it.
func TestBlindedTypos(t *testing.T) {
	passed := 0
	for i := range blinded0 {
		for _, c := range "abcdefghijklmnopqrstuvwxyz234567" {
			typo := blinded0[:i] + string(c) + blinded0[i+1:]
			if _, err := i2phost.Parse(b32(typo)); err == nil && typo != blinded0 {
				passed++
			}
		}
	}
	assert.Equal(t, 4, passed)
}

func TestZeroHost(t *testing.T) {
	var h i2phost.Host
	assert.Equal(t, "none", h.Kind().String())
	assert.Empty(t, h.String())
	_, ok := h.Hash()
	assert.False(t, ok)
	_, ok = h.Blinded()
	assert.False(t, ok)
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"stats.i2p", "Stats.I2P.alt.", "x.i2p.evil.com", "[::1]", "fe80::1%eth0", "2130706433", "a..i2p", "xn--bcher-kva.i2p",
		b32(hashLabel), b32(blinded0), b32(blinded6), base64Of(516, ""), base64Of(524, "=="), base64Of(528, "="), "a\n.i2p", "bücher.i2p",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h, err := i2phost.Parse(s)
		if err != nil {
			require.Zero(t, h)
			return
		}
		out := h.String()
		again, err := i2phost.Parse(out)
		require.NoError(t, err)
		require.Equal(t, h, again)

		allowed := "abcdefghijklmnopqrstuvwxyz0123456789.-"
		if h.Kind() == i2phost.Base64 {
			require.Equal(t, s, out)
			allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~="
		} else {
			require.True(t, strings.HasSuffix(out, ".i2p"))
			require.LessOrEqual(t, len(out), 67)
		}
		require.Empty(t, strings.Trim(out, allowed))
		for _, c := range out {
			require.True(t, strings.ContainsRune(allowed, c))
		}
		_, isHash := h.Hash()
		require.Equal(t, h.Kind() == i2phost.Base32, isHash)
		_, isBlinded := h.Blinded()
		require.Equal(t, h.Kind() == i2phost.EncryptedBase32, isBlinded)
	})
}
