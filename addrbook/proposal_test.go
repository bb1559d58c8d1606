package addrbook_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/addrbook/i2phost"
)

func TestParseAddressHelper(t *testing.T) {
	id := vector(t, 0, 0x40)
	d := id.Destination()
	whole := addrbook.Proposal{Name: "n.i2p", Address: whole(id), Source: "address helper"}
	named, err := addrbook.ParseAddress(d.Base32())
	require.NoError(t, err)
	hash := addrbook.Proposal{Name: "n.i2p", Address: named, Source: "address helper"}
	for in, want := range map[string]struct {
		p    addrbook.Proposal
		rest string
	}{
		"http://n.i2p/?i2paddresshelper=" + d.Base64():                                            {whole, "http://n.i2p/"},
		"http://N.i2p/a%20b?x=1&i2paddresshelper=" + strings.ReplaceAll(d.Base64(), "=", "%3D"):   {whole, "http://N.i2p/a%20b?x=1"},
		"https://n.i2p?i2paddresshelper=" + d.Base32() + ";y=2;i2paddresshelper=other.i2p&z#frag": {hash, "https://n.i2p?y=2&z#frag"},
	} {
		p, u, err := addrbook.ParseAddressHelper(in)
		require.NoError(t, err, in)
		assert.Equal(t, want.p, p)
		assert.Equal(t, want.rest, u.String())
	}
	for _, in := range []string{
		"", "http://n.i2p/", "http://n.i2p/?x=1", "http://n.i2p/?i2paddresshelper=", "http://n.i2p/?i2paddresshelper=other.i2p",
		"http://n.i2p/?i2paddresshelper=" + d.Base64()[:200], "http://example.com/?i2paddresshelper=" + d.Base64(), "http://proxy.i2p/?i2paddresshelper=" + d.Base64(),
		"http://" + d.Base32() + "/?i2paddresshelper=" + d.Base64(), "ftp://n.i2p/?i2paddresshelper=" + d.Base64(), "http://n.i2p/?i2paddresshelper=%zz",
		"http://n.i2p/?I2paddresshelper=" + d.Base64(), "http://n.i2p/?i2paddresshelper=" + d.Base64() + "%0A", "http://n.i2p/?i2paddresshelper=" + d.Base64() + strings.Repeat("&a", 5000),
	} {
		p, u, err := addrbook.ParseAddressHelper(in)
		assert.Error(t, err, in)
		assert.Zero(t, p)
		assert.Nil(t, u)
	}
}

func FuzzAddressHelper(f *testing.F) {
	d := destination(f)
	f.Add("http://n.i2p/?i2paddresshelper=" + d.Text() + "&x=y")
	f.Add("https://n.i2p?;i2paddresshelper=" + d.Base32())
	f.Fuzz(func(t *testing.T, s string) {
		p, u, err := addrbook.ParseAddressHelper(s)
		if err != nil {
			return
		}
		host, err := i2phost.Parse(p.Name)
		require.NoError(t, err)
		require.Equal(t, p.Name, host.String())
		require.NotEmpty(t, p.Address)
		_, _, err = addrbook.ParseAddressHelper(u.String())
		require.Error(t, err, "it was taken out")
	})
}

func TestJump(t *testing.T) {
	a, b := destination(t), destination(t)
	link := func(s string) string { return `<a href="http://n.i2p/?i2paddresshelper=` + s + `">go</a>` }
	answers := map[string]struct {
		body, location string
		status         int
		want           error // nil for a proposal of a
	}{
		"redirect":      {"", "http://n.i2p/?i2paddresshelper=" + a.Text(), 302, nil},
		"moved":         {"", "http://n.i2p/?i2paddresshelper=" + a.Text(), 301, nil},
		"page":          {"<p>" + link(a.Text()) + link(a.Base32()) + "\n", "", 200, nil},
		"text":          {"n.i2p=" + a.Text() + "\n", "", 200, nil},
		"bare":          {a.Text(), "", 200, nil},
		"unknown":       {"no such name", "", 404, addrbook.ErrNotFound},
		"page without":  {"<p>http://m.i2p/?i2paddresshelper=" + a.Text() + link("x"), "", 200, addrbook.ErrNotFound},
		"two":           {link(a.Text()) + link(b.Text()), "", 200, addrbook.ErrRefused},
		"another name":  {"", "http://m.i2p/?i2paddresshelper=" + a.Text(), 302, addrbook.ErrRefused},
		"elsewhere":     {"", "http://example.com/?i2paddresshelper=" + a.Text(), 302, i2phost.ErrNotI2P},
		"endless":       {strings.Repeat("x", 1<<20), "", 200, addrbook.ErrRefused},
		"server failed": {"", "", 500, addrbook.ErrRefused},
	}
	var asked []string
	dialer := inMemory{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.String())
		answer := answers[strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/"), "/n.i2p")]
		w.Header().Set("Location", answer.location)
		w.WriteHeader(answer.status)
		io.WriteString(w, answer.body)
	})}
	for name, answer := range answers {
		j := addrbook.Jump{Services: []string{"http://jump.i2p/" + strings.ReplaceAll(name, " ", "%20") + "/"}, Dialer: dialer}
		asked = nil
		for p, err := range j.Ask(t.Context(), "N.i2p") {
			if answer.want != nil {
				assert.ErrorIs(t, err, answer.want, name)
				assert.Zero(t, p, name)
				continue
			}
			require.NoError(t, err, name)
			assert.Equal(t, addrbook.Proposal{Name: "n.i2p", Address: a, Source: "jump.i2p"}, p, name)
		}
		assert.Len(t, asked, 1, "%s: nothing is followed", name)
	}

	asked = nil
	j := addrbook.Jump{Services: []string{"http://jump.i2p/unknown/", "http://jump.i2p/text/", "http://other.i2p/text/"}, Dialer: dialer}
	for _, err := range j.Ask(t.Context(), "n.i2p") {
		if err == nil {
			break
		}
	}
	assert.Len(t, asked, 2, "who has an answer asks no more")
	for _, err := range (&addrbook.Jump{Services: j.Services}).Ask(t.Context(), "n.i2p") {
		assert.ErrorIs(t, err, addrbook.ErrDialer)
	}
	for _, bad := range []addrbook.Jump{{Services: []string{"http://example.com/"}, Dialer: dialer}, {Services: []string{"https://jump.i2p/"}, Dialer: dialer}} {
		for _, err := range bad.Ask(t.Context(), "n.i2p") {
			assert.ErrorIs(t, err, addrbook.ErrURL)
		}
	}
	asked = nil
	for _, err := range j.Ask(t.Context(), "example.com") {
		assert.ErrorIs(t, err, i2phost.ErrNotI2P)
	}
	assert.Empty(t, asked)
}

func TestJumpTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := addrbook.Jump{Services: []string{"http://a.i2p/", "http://b.i2p/"}, Dialer: hanging{}}
		start := time.Now()
		for _, err := range j.Ask(t.Context(), "n.i2p") {
			assert.ErrorIs(t, err, context.DeadlineExceeded)
		}
		assert.Equal(t, 8*time.Minute, time.Since(start))
	})
}

func FuzzJump(f *testing.F) {
	d := destination(f)
	f.Add("n.i2p="+d.Text(), "", 200)
	f.Add("//n.i2p/?i2paddresshelper="+d.Text()+"\"//n.i2p/?i2paddresshelper="+d.Base32(), "", 200)
	f.Add("", "http://n.i2p/?i2paddresshelper="+d.Text(), 302)
	f.Fuzz(func(t *testing.T, body, location string, status int) {
		if status < 200 || status > 599 {
			return
		}
		dialer := inMemory{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			require.Equal(t, "jump.i2p", r.URL.Host)
			w.Header().Set("Location", location)
			w.WriteHeader(status)
			io.WriteString(w, body)
		})}
		j := addrbook.Jump{Services: []string{"http://jump.i2p/"}, Dialer: dialer}
		for p, err := range j.Ask(t.Context(), "n.i2p") {
			if err != nil {
				require.Zero(t, p)
				continue
			}
			require.Equal(t, "n.i2p", p.Name)
			host, err := i2phost.Parse(p.Address.Base32())
			require.NoError(t, err)
			require.NotEqual(t, i2phost.Name, host.Kind())
		}
	})
}
