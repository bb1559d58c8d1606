package wire

import (
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// vectors reads the lines of testdata/name as fields between bars. It fails if there are none.
func vectors(tb testing.TB, name string, fields int) [][]string {
	tb.Helper()
	text, err := os.ReadFile("testdata/" + name)
	require.NoError(tb, err)
	var all [][]string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		v := strings.Split(line, "|")
		for i := range v {
			v[i] = strings.TrimSpace(v[i])
		}
		for len(v) < fields {
			v = append(v, "")
		}
		require.Len(tb, v, fields, line)
		all = append(all, v)
	}
	require.NotEmpty(tb, all, name)
	return all
}

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	require.NoError(tb, err)
	return b
}

func (a Addr) text() string {
	switch {
	case a.IP.Is6():
		return fmt.Sprintf("[%s]:%d", a.IP, a.Port)
	case a.IP.IsValid():
		return fmt.Sprintf("%s:%d", a.IP, a.Port)
	}
	return fmt.Sprintf("%q:%d", a.Name, a.Port)
}

func (r *Request) text() string {
	return fmt.Sprintf("%d %02x %s %q %q", r.Version, r.Command, r.Addr.text(), r.Username, r.Password)
}

// outcome is all that a client can learn of a handshake.
type outcome struct {
	sent   []byte
	result string // text of the request or of the error; empty while more is needed
	rest   []byte
}

// run feeds the chunks as a connection would, each no faster than there is space for it.
func run(auth bool, chunks ...[]byte) outcome {
	h := Handshake{RequireAuth: auth}
	o := outcome{sent: []byte{}, rest: []byte{}}
	for {
		switch st := h.Next(); st.Kind {
		case NeedMore:
			for len(chunks) > 0 && len(chunks[0]) == 0 {
				chunks = chunks[1:]
			}
			if len(chunks) == 0 {
				return o
			}
			n := copy(h.Space(), chunks[0])
			h.Feed(n)
			chunks[0] = chunks[0][n:]
		case Send:
			o.sent = append(o.sent, st.Bytes...)
		case Verify:
			h.Verified(h.req.Password == "good" || h.req.Version == Version4 && h.req.Username == "good")
		case Done:
			o.result = h.Request().text()
			o.rest = append(o.rest, h.Rest()...)
			for _, c := range chunks {
				o.rest = append(o.rest, c...)
			}
			return o
		case Fail:
			o.sent = append(o.sent, st.Bytes...)
			o.result = st.Err.Error()
			return o
		}
	}
}

// bytewise cuts b into chunks of one byte.
func bytewise(b []byte) [][]byte {
	var chunks [][]byte
	for i := range b {
		chunks = append(chunks, b[i:i+1])
	}
	return chunks
}
