package addrbook_test

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/keys"
)

func destination(t testing.TB) addrbook.Address {
	id, err := keys.Generate()
	require.NoError(t, err)
	return whole(id)
}

// hidden is the text of a destination with a certificate that is no longer in use.
func hidden(t testing.TB) string {
	b := dest(destination(t)).Bytes()[:387]
	copy(b[384:], []byte{2, 0, 0})
	return base64I2P.EncodeToString(b)
}

// longer is the text of a destination with the signing key of ML-DSA-44.
func longer(t testing.TB) string {
	b := append(dest(destination(t)).Bytes()[:384], 5, 0x04, 0xa4, 0, 12, 0, 4)
	b = append(b, make([]byte, 0x4a4-4)...)
	return base64I2P.EncodeToString(b)
}

type book = map[string]addrbook.Address

func TestParseHosts(t *testing.T) {
	a, b := destination(t), destination(t)
	ea, eb := a.Text(), b.Text()
	blinded, err := addrbook.ParseAddress(encrypted + ".b32.i2p")
	require.NoError(t, err)
	later, err := addrbook.ParseAddress(longer(t))
	require.NoError(t, err)
	tests := map[string]struct {
		file string
		want book
	}{
		"empty":                 {"", book{}},
		"comments only":         {"# a\n;b\n  ; c\n\n \t\n#!action=remove#name=a.i2p", book{}},
		"two":                   {"a.i2p=" + ea + "\nb.i2p=" + eb + "\n", book{"a.i2p": a, "b.i2p": b}},
		"no last newline":       {"a.i2p=" + ea, book{"a.i2p": a}},
		"CRLF and empty lines":  {"\r\na.i2p=" + ea + "\r\n\r\nb.i2p=" + eb + "\r\n", book{"a.i2p": a, "b.i2p": b}},
		"byte order mark":       {"\ufeffa.i2p=" + ea + "\n", book{"a.i2p": a}},
		"mark before a comment": {"\ufeff# mine\na.i2p=" + ea + "\n", book{"a.i2p": a}},
		"white space":           {" \ta.i2p = " + ea + " \n", book{"a.i2p": a}},
		"comment after":         {"a.i2p=" + ea + " # the first", book{"a.i2p": a}},
		"properties":            {"a.i2p=" + ea + "#!action=adddest#olddest=" + eb + "#sig=x", book{"a.i2p": a}},
		"canonical name":        {"A.I2P.alt=" + ea, book{"a.i2p": a}},
		"the same twice":        {"a.i2p=" + ea + "\nA.i2p=" + ea, book{"a.i2p": a}},
		"no padding":            {"a.i2p=" + strings.TrimRight(ea, "="), book{"a.i2p": a}},
		"keys of a later type":  {"a.i2p=" + later.Text(), book{"a.i2p": later}},
		"base32":                {"a.i2p=" + a.Base32() + "\nb.i2p=" + encrypted + ".b32.i2p # private", book{"a.i2p": hashOf(t, a), "b.i2p": blinded}},
		"the same, shorter":     {"a.i2p=" + ea + "\nA.i2p=" + a.Base32(), book{"a.i2p": a}},
		"two names for one":     {"a.i2p=" + ea + "\nb.i2p=" + ea, book{"a.i2p": a, "b.i2p": a}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := addrbook.ParseHosts(iotest.OneByteReader(strings.NewReader(tt.file)))
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestParseHostsRefuses(t *testing.T) {
	good := destination(t).Text()
	entry := "a.i2p=" + good + "\n"
	tests := map[string]struct {
		file string
		line int
		want error
	}{
		"another destination":       {entry + "\nA.I2P=" + destination(t).Text() + "\n" + entry, 3, addrbook.ErrConflict},
		"no equals sign":            {entry + "b.i2p\n", 2, nil},
		"no destination":            {"b.i2p=\n" + entry, 1, keys.ErrMalformed},
		"no name":                   {"=" + good, 1, i2phost.ErrMalformed},
		"name not of I2P":           {entry + entry + "foo.i2p.evil=" + good, 3, i2phost.ErrNotI2P},
		"address of the Internet":   {"127.0.0.1=" + good, 1, i2phost.ErrNotI2P},
		"reserved name":             {"router.i2p=" + good, 1, i2phost.ErrMalformed},
		"base32 for a name":         {"baz5fnifptdznvtavtm5kvpi3lhn54pxhfpwvifwtlx564e272yq.b32.i2p=" + good, 1, i2phost.ErrMalformed},
		"space in a name":           {"bad name.i2p=" + good, 1, i2phost.ErrMalformed},
		"carriage return in a name": {"bad\rname.i2p=" + good, 1, i2phost.ErrMalformed},
		"mark in the middle":        {entry + "\ufeffb.i2p=" + good, 2, i2phost.ErrMalformed},
		"destination cut short":     {"b.i2p=" + good[:516], 1, keys.ErrMalformed},
		"name for an address":       {"b.i2p=a.i2p", 1, i2phost.ErrMalformed},
		"base32 that is none":       {"b.i2p=" + strings.Repeat("a", 51) + "b.b32.i2p", 1, i2phost.ErrMalformed},
		"foreign for an address":    {"b.i2p=example.com", 1, i2phost.ErrNotI2P},
		"hidden certificate":        {"b.i2p=" + hidden(t), 1, keys.ErrUnsupported},
		"CR before CRLF":            {"b.i2p=" + good + "\r\r\n", 1, keys.ErrMalformed},
		"vertical tab":              {"b.i2p=" + good + "\v\n", 1, keys.ErrMalformed},
		"long line":                 {entry + "#" + strings.Repeat("x", 16<<10) + "\n", 2, bufio.ErrTooLong},
		"endless line":              {entry + entry + strings.Repeat("x", 1<<20), 3, bufio.ErrTooLong},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := addrbook.ParseHosts(strings.NewReader(tt.file))
			assert.Nil(t, got, "all or nothing")
			var e *addrbook.HostsError
			require.ErrorAs(t, err, &e)
			assert.Equal(t, tt.line, e.Line)
			if tt.want != nil {
				assert.ErrorIs(t, err, tt.want)
			}
			assert.Less(t, len(err.Error()), 120)
		})
	}
}

func TestParseHostsConflictNamesBothLines(t *testing.T) {
	_, err := addrbook.ParseHosts(strings.NewReader("#\na.i2p=" + destination(t).Text() + "\n\na.i2p=" + destination(t).Text()))
	assert.EqualError(t, err, "addrbook: hosts line 4: name with two destinations: the other is in line 2")
}

func TestParseHostsLineLength(t *testing.T) {
	for _, end := range []string{"", "\n", "\r\n"} {
		_, err := addrbook.ParseHosts(strings.NewReader("#" + strings.Repeat("x", 16<<10-1) + end))
		assert.NoError(t, err, "16 KiB and %q", end)
		_, err = addrbook.ParseHosts(strings.NewReader("#" + strings.Repeat("x", 16<<10) + end))
		assert.ErrorIs(t, err, bufio.ErrTooLong, "one more and %q", end)
	}
}

func TestParseHostsReadError(t *testing.T) {
	broken := errors.New("broken disk")
	file := "a.i2p=" + destination(t).Text() + "\n"
	for _, cut := range []int{0, 10, len(file)} {
		r := io.MultiReader(strings.NewReader(file[:cut]), iotest.ErrReader(broken))
		got, err := addrbook.ParseHosts(r)
		assert.ErrorIs(t, err, broken)
		assert.Nil(t, got)
	}
}

func FuzzParseHosts(f *testing.F) {
	d := destination(f).Text()
	f.Add("a.i2p=" + d + "\n")
	f.Add("\ufeff# x\r\n;\r\nA.i2p = " + d + " #!sig=x\r\n")
	f.Add("a.i2p=" + d + "\na.i2p=" + destination(f).Text())
	f.Add("b32.i2p=" + d)
	f.Fuzz(func(t *testing.T, file string) {
		got, err := addrbook.ParseHosts(strings.NewReader(file))
		if err != nil {
			require.Nil(t, got)
			return
		}
		var again strings.Builder
		for name, dest := range got {
			host, err := i2phost.Parse(name)
			require.NoError(t, err)
			require.Equal(t, i2phost.Name, host.Kind())
			require.Equal(t, name, host.String())
			again.WriteString(name + "=" + dest.Text() + "\n")
		}
		back, err := addrbook.ParseHosts(strings.NewReader(again.String()))
		require.NoError(t, err)
		require.Equal(t, got, back)
	})
}
