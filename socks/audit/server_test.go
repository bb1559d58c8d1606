package audit_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/proxy"

	"github.com/go-i2p/i2psocks/internal/memnet"
	"github.com/go-i2p/i2psocks/socks"
	"github.com/go-i2p/i2psocks/socks/audit"
	"github.com/go-i2p/i2psocks/socks/sockstest"
)

// site is a dialer to one peer.
type site struct{ peer net.Conn }

func (s *site) DialContext(context.Context, string, string) (net.Conn, error) {
	near, far := memnet.Pipe()
	s.peer = far
	return near, nil
}

func (s *site) Dial(network, address string) (net.Conn, error) {
	return s.DialContext(context.Background(), network, address)
}

var _ proxy.Dialer = (*site)(nil)

const (
	greeting  = "05 01 00"
	chosen    = "05 00"
	toSite    = "05 01 00 03 08 73 69 74 65 2e 69 32 70 00 50" // site.i2p:80
	toAddress = "05 01 00 01 c0 00 02 01 00 50"                // 192.0.2.1:80
	succeeded = "05 00 00 01 00 00 00 00 00 00"
	denied    = "05 02 00 01 00 00 00 00 00 00"
)

func TestServerIsAudited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &audit.Auditor{Machine: &audit.Machine{}}
		s := &site{}
		c := sockstest.Start(t, &socks.Server{Dialer: s, Observe: a.Observe}).Client()
		c.Send(greeting + toSite)
		c.Expect(chosen + succeeded)
		request := "GET / HTTP/1.1\r\nHost: site.i2p\r\nFrom: bob@example\r\n\r\n"
		_, err := io.WriteString(c, request)
		require.NoError(t, err)
		got := make([]byte, len(request))
		_, err = io.ReadFull(s.peer, got)
		require.NoError(t, err)
		assert.Equal(t, request, string(got))
		require.Len(t, a.Findings(), 1)
		assert.Equal(t, audit.HTTPFrom, a.Findings()[0].Rule)
	})
}

func TestFatalFindingEndsTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reports []socks.Report
		a := &audit.Auditor{Machine: &audit.Machine{}, Fatal: func(f audit.Finding) bool { return f.Severity == audit.Leak }}
		s := &site{}
		srv := sockstest.Start(t, &socks.Server{
			Dialer: s, Observe: a.Observe,
			Hooks: &socks.Hooks{Done: func(_ context.Context, r socks.Report) { reports = append(reports, r) }},
		})
		c := srv.Client()
		c.Send(greeting + toSite)
		c.Expect(chosen + succeeded)
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: site.i2p\r\nFrom: bob@example\r\n\r\n")
		got, err := io.ReadAll(s.peer)
		if err != nil {
			require.False(t, errors.Is(err, io.EOF))
		}
		assert.Empty(t, got)
		synctest.Wait()
		require.Len(t, reports, 1)
		require.ErrorIs(t, reports[0].Err, audit.ErrFatal)

		c = srv.Client()
		c.Send(greeting + toAddress)
		c.Expect(chosen + denied)
		c.ExpectEnd()
	})
}
