package addrbook_test

import (
	"bufio"
	"encoding/base64"
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

func destination(t testing.TB) keys.Destination {
	id, err := keys.Generate()
	require.NoError(t, err)
	return id.Destination()
}

// withCryptoType makes the text of a destination that keys would not.
func withCryptoType(t testing.TB, crypto byte) string {
	b := destination(t).Bytes()
	b[390] = crypto
	alphabet := "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~"
	return base64.NewEncoding(alphabet).EncodeToString(b)
}

type book = map[string]keys.Destination

func TestParseHosts(t *testing.T) {
	a, b := destination(t), destination(t)
	ea, eb := a.Base64(), b.Base64()
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
	good := destination(t).Base64()
	entry := "a.i2p=" + good + "\n"
	tests := map[string]struct {
		file string
		line int
		want error
	}{
		"another destination":       {entry + "\nA.I2P=" + destination(t).Base64() + "\n" + entry, 3, addrbook.ErrConflict},
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
		"no padding":                {"b.i2p=" + strings.TrimRight(good, "="), 1, keys.ErrMalformed},
		"destination cut short":     {"b.i2p=" + good[:516], 1, keys.ErrMalformed},
		"base32 for a destination":  {"b.i2p=baz5fnifptdznvtavtm5kvpi3lhn54pxhfpwvifwtlx564e272yq.b32.i2p", 1, keys.ErrMalformed},
		"crypto type 255":           {"b.i2p=" + withCryptoType(t, 255), 1, keys.ErrUnsupported},
		"CR before CRLF":            {"b.i2p=" + good + "\r\r\n", 1, keys.ErrMalformed},
		"vertical tab":              {"b.i2p=" + good + "\v\n", 1, keys.ErrMalformed},
		"long line":                 {entry + "#" + strings.Repeat("x", 2048) + "\n", 2, bufio.ErrTooLong},
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
	_, err := addrbook.ParseHosts(strings.NewReader("#\na.i2p=" + destination(t).Base64() + "\n\na.i2p=" + destination(t).Base64()))
	assert.EqualError(t, err, "addrbook: hosts line 4: name with two destinations: the other is in line 2")
}

func TestParseHostsLineLength(t *testing.T) {
	for _, end := range []string{"", "\n", "\r\n"} {
		_, err := addrbook.ParseHosts(strings.NewReader("#" + strings.Repeat("x", 2047) + end))
		assert.NoError(t, err, "2 KiB and %q", end)
		_, err = addrbook.ParseHosts(strings.NewReader("#" + strings.Repeat("x", 2048) + end))
		assert.ErrorIs(t, err, bufio.ErrTooLong, "one more and %q", end)
	}
}

func TestParseHostsReadError(t *testing.T) {
	broken := errors.New("broken disk")
	file := "a.i2p=" + destination(t).Base64() + "\n"
	for _, cut := range []int{0, 10, len(file)} {
		r := io.MultiReader(strings.NewReader(file[:cut]), iotest.ErrReader(broken))
		got, err := addrbook.ParseHosts(r)
		assert.ErrorIs(t, err, broken)
		assert.Nil(t, got)
	}
}

func FuzzParseHosts(f *testing.F) {
	d := destination(f).Base64()
	f.Add("a.i2p=" + d + "\n")
	f.Add("\ufeff# x\r\n;\r\nA.i2p = " + d + " #!sig=x\r\n")
	f.Add("a.i2p=" + d + "\na.i2p=" + destination(f).Base64())
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
			again.WriteString(name + "=" + dest.Base64() + "\n")
		}
		back, err := addrbook.ParseHosts(strings.NewReader(again.String()))
		require.NoError(t, err)
		require.Equal(t, got, back)
	})
}
