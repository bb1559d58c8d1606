package addrbook_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/keys"
)

func text(t testing.TB, h *addrbook.Hosts) string {
	var b strings.Builder
	n, err := h.WriteTo(&b)
	require.NoError(t, err)
	require.EqualValues(t, b.Len(), n)
	return b.String()
}

func readHosts(t testing.TB, s string) *addrbook.Hosts {
	h, err := addrbook.ReadHosts(strings.NewReader(s), nil)
	require.NoError(t, err)
	return h
}

func TestHostsLosesNothing(t *testing.T) {
	a, b, c := destination(t), destination(t), destination(t)
	file := "\ufeff# mine\r\n\r\n A.i2p = " + a.Text() + " #!x=y#sig=z\r\n;old\n#!action=remove#name=q.i2p\nb.i2p=" + b.Text() + "\na.i2p=" + a.Text() + "\n# end"
	h := readHosts(t, file)
	assert.Equal(t, file, text(t, h))
	assert.Equal(t, 2, h.Len())
	assert.Equal(t, book{"a.i2p": a, "b.i2p": b}, maps.Collect(h.All()))

	require.NoError(t, h.Add("a.i2p", a), "known already")
	assert.Equal(t, file, text(t, h))
	var conflict *addrbook.ConflictError
	require.ErrorAs(t, h.Add("A.i2p", c), &conflict)
	assert.Equal(t, &addrbook.ConflictError{Name: "a.i2p", Known: a, Offered: c}, conflict)
	assert.Equal(t, file, text(t, h))

	require.NoError(t, h.Add("c.i2p", c))
	assert.Equal(t, file+"\nc.i2p="+c.Text()+"\n", text(t, h), "the last line got its end")
	require.NoError(t, h.Set("a.i2p", c))
	want := "\ufeff# mine\r\n\r\na.i2p=" + c.Text() + "\n;old\n#!action=remove#name=q.i2p\nb.i2p=" + b.Text() + "\n# end\nc.i2p=" + c.Text() + "\n"
	assert.Equal(t, want, text(t, h), "in its place, and once")
	require.NoError(t, h.Remove("B.i2p"))
	assert.ErrorIs(t, h.Remove("b.i2p"), addrbook.ErrNotFound)
	assert.Equal(t, strings.Replace(want, "b.i2p="+b.Text()+"\n", "", 1), text(t, h))
	d, err := h.Lookup(t.Context(), "a.i2p")
	require.NoError(t, err)
	assert.Equal(t, c, d)
	_, err = h.Lookup(t.Context(), "b.i2p")
	assert.ErrorIs(t, err, addrbook.ErrNotFound)
	for _, name := range []string{"router.i2p", "example.com", "a.i2p\nb.i2p", "", a.Base32(), a.Text()} {
		assert.Error(t, h.Set(name, a), name)
		assert.Error(t, h.Add(name, a), name)
		assert.Error(t, h.Remove(name), name)
		_, err := h.Lookup(t.Context(), name)
		require.Error(t, err)
		assert.NotErrorIs(t, err, addrbook.ErrNotFound, "not a name at all")
	}
	assert.ErrorIs(t, h.Set("z.i2p", addrbook.Address{}), keys.ErrMalformed)
}

func TestHostsRecords(t *testing.T) {
	a := destination(t).Text()
	h := readHosts(t, "# x\na.i2p="+a+"#!x=y#w=z\n#!action=remove#name=q.i2p\nb.i2p="+a+"#!broken\n")
	var got []string
	var bad []error
	for r, err := range h.Records() {
		if err != nil {
			bad = append(bad, err)
			continue
		}
		got = append(got, r.String())
	}
	assert.Equal(t, []string{"a.i2p=" + a + "#!x=y#w=z", "#!action=remove#name=q.i2p"}, got)
	require.Len(t, bad, 1)
	assert.ErrorContains(t, bad[0], "line 4")
}

func TestReadHostsLenient(t *testing.T) {
	a, b := destination(t), destination(t)
	good := "a.i2p=" + a.Text() + "\n"
	file := "<html>\n" + good + "a.i2p=" + b.Text() + "\n" + strings.Repeat("x", 100_000) + "\nbad name.i2p=" + a.Text() + "\nb.i2p=" + b.Text()
	var lines []int
	h, err := addrbook.ReadHosts(strings.NewReader(file), func(e *addrbook.HostsError) error {
		lines = append(lines, e.Line)
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, []int{1, 3, 4, 5}, lines)
	assert.Equal(t, good+"b.i2p="+b.Text(), text(t, h))

	enough := errors.New("enough")
	_, err = addrbook.ReadHosts(strings.NewReader(file), func(*addrbook.HostsError) error { return enough })
	assert.Equal(t, enough, err)
	_, err = addrbook.ReadHosts(strings.NewReader(file), nil)
	assert.EqualError(t, err, "addrbook: hosts line 1: not of the form name=address")

	broken := errors.New("broken disk")
	_, err = addrbook.ReadHosts(io.MultiReader(strings.NewReader(good+"b.i2"), errReader{broken}), func(*addrbook.HostsError) error { return nil })
	assert.ErrorIs(t, err, broken, "lenient with lines, not with disks")
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

func FuzzReadHosts(f *testing.F) {
	d := destination(f).Text()
	f.Add("\ufeffa.i2p="+d+"\r\n#x\r\n;\n", "b.i2p")
	f.Add("a.i2p="+d+" #!sig=x", "a.i2p")
	f.Add("a.i2p="+d+"\nA.i2p="+d+"\nx", "a.i2p")
	other, err := addrbook.ParseAddress(d)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, file, name string) {
		bad := 0
		h, err := addrbook.ReadHosts(strings.NewReader(file), func(*addrbook.HostsError) error { bad++; return nil })
		require.NoError(t, err)
		out := text(t, h)
		if bad == 0 {
			require.Equal(t, file, out)
		}
		again := readHosts(t, out)
		require.Equal(t, maps.Collect(h.All()), maps.Collect(again.All()))
		had := h.Len()
		if h.Add(name, other) == nil {
			require.Equal(t, maps.Collect(h.All()), maps.Collect(readHosts(t, text(t, h)).All()))
			require.NoError(t, h.Remove(name))
			require.LessOrEqual(t, h.Len(), had)
			host, err := i2phost.Parse(name)
			require.NoError(t, err)
			_, err = h.Lookup(t.Context(), host.String())
			require.ErrorIs(t, err, addrbook.ErrNotFound)
			readHosts(t, text(t, h))
		}
	})
}

// manyLines makes a hosts file of n lines while it is read.
type manyLines struct {
	dest   string
	i, n   int
	buffer []byte
}

func (m *manyLines) Read(p []byte) (int, error) {
	for len(m.buffer) < len(p) && m.i < m.n {
		m.buffer = fmt.Appendf(m.buffer, "host%d.i2p=%s\n", m.i, m.dest)
		m.i++
	}
	if len(m.buffer) == 0 {
		return 0, io.EOF
	}
	n := copy(p, m.buffer)
	m.buffer = append(m.buffer[:0], m.buffer[n:]...)
	return n, nil
}

// BenchmarkMillionLines reads a million entries, and reports what stays in memory in the midst.
func BenchmarkMillionLines(b *testing.B) {
	d := destination(b).Text()
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		names := 0
		for line, err := range addrbook.HostsLines(&manyLines{dest: d, n: 1e6}) {
			if err != nil || line.Name == "" {
				b.Fatal(err)
			}
			if names++; names == 5e5 {
				runtime.GC()
				runtime.ReadMemStats(&after)
			}
		}
		if names != 1e6 {
			b.Fatal(names)
		}
		b.ReportMetric((float64(after.HeapAlloc)-float64(before.HeapAlloc))/1e6, "MB-held")
	}
}

// BenchmarkHostsMillion holds a million entries in memory.
func BenchmarkHostsMillion(b *testing.B) {
	d := destination(b).Text()
	for b.Loop() {
		h, err := addrbook.ReadHosts(&manyLines{dest: d, n: 1e6}, nil)
		if err != nil || h.Len() != 1e6 {
			b.Fatal(err)
		}
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.HeapAlloc)/1e6, "MB-held")
		runtime.KeepAlive(h)
	}
}
