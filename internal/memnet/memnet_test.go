package memnet

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/net/nettest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	for name, connect := range map[string]func() (net.Conn, net.Conn, error){
		"pipe": func() (net.Conn, net.Conn, error) {
			a, b := Pipe()
			return a, b, nil
		},
		"listener": func() (net.Conn, net.Conn, error) {
			l := Listen()
			defer l.Close()
			a, err := l.Dial(context.Background())
			if err != nil {
				return nil, nil, err
			}
			b, err := l.Accept()
			return a, b, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
				a, b, err := connect()
				return a, b, func() { a.Close(); b.Close() }, err
			})
		})
	}
}

func TestHalfClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := Pipe()
		question, answer := bytes.Repeat([]byte("?"), 3*Buffer), bytes.Repeat([]byte("!"), 2*Buffer)
		go func() {
			a.Write(question)
			a.(interface{ CloseWrite() error }).CloseWrite()
		}()
		got, err := io.ReadAll(b)
		require.NoError(t, err)
		assert.True(t, bytes.Equal(question, got))
		_, err = a.Write([]byte("x"))
		assert.ErrorIs(t, err, syscall.EPIPE)

		go func() { b.Write(answer); b.Close() }()
		got, err = io.ReadAll(a)
		require.NoError(t, err)
		assert.True(t, bytes.Equal(answer, got))
	})
}

func TestErrors(t *testing.T) {
	a, b := Pipe()
	require.NoError(t, a.SetDeadline(time.Unix(1, 0)))
	_, err := a.Read(make([]byte, 1))
	assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
	var timeout net.Error
	require.ErrorAs(t, err, &timeout)
	assert.True(t, timeout.Timeout())

	_, err = b.Write([]byte("rest"))
	require.NoError(t, err)
	require.NoError(t, b.Close())
	assert.ErrorIs(t, b.Close(), net.ErrClosed)
	for _, use := range []func() error{
		func() error { _, err := b.Read(make([]byte, 1)); return err },
		func() error { _, err := b.Write([]byte("x")); return err },
		func() error { return b.(*conn).CloseWrite() },
		func() error { return b.SetDeadline(time.Time{}) },
	} {
		assert.ErrorIs(t, use(), net.ErrClosed)
	}

	require.NoError(t, a.SetDeadline(time.Time{}))
	_, err = a.Write([]byte("x"))
	assert.ErrorIs(t, err, syscall.EPIPE)
	got, err := io.ReadAll(a)
	require.NoError(t, err)
	assert.Equal(t, "rest", string(got))
}

func TestListenerCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := Listen()
		accepting := make(chan error)
		go func() {
			c, err := l.Accept()
			if err == nil {
				_, err = c.Write([]byte("hi"))
				c.Close()
			}
			accepting <- err
			_, err = l.Accept()
			accepting <- err
		}()
		synctest.Wait()
		c, err := l.Dial(t.Context())
		require.NoError(t, err)
		require.NoError(t, <-accepting)
		got, err := io.ReadAll(c)
		require.NoError(t, err)
		assert.Equal(t, "hi", string(got))

		require.NoError(t, l.Close())
		assert.NoError(t, l.Close())
		assert.ErrorIs(t, <-accepting, net.ErrClosed)
		_, err = l.Accept()
		assert.ErrorIs(t, err, net.ErrClosed)
		_, err = l.Dial(t.Context())
		assert.ErrorIs(t, err, syscall.ECONNREFUSED)
	})
}

func TestBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := Listen()
		var last net.Conn
		for range backlog {
			c, err := l.Dial(t.Context())
			require.NoError(t, err)
			last = c
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := l.Dial(ctx)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		_, err = l.Dial(ctx)
		assert.ErrorIs(t, err, context.DeadlineExceeded)

		refused := make(chan error)
		go func() { _, err := l.Dial(t.Context()); refused <- err }()
		synctest.Wait()
		l.Close()
		err = <-refused
		if err != nil { // else it took a place that Close had just freed
			assert.ErrorIs(t, err, syscall.ECONNREFUSED)
		}
		_, err = last.Read(make([]byte, 1))
		assert.Equal(t, io.EOF, err, "never accepted")
	})
}

// TestHTTP runs a whole server and client over the network.
func TestHTTP(t *testing.T) {
	l := Listen()
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Write(body)
	})}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	tr := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return l.Dial(ctx) }}
	body := bytes.Repeat([]byte("body"), 100_000)
	resp, err := (&http.Client{Transport: tr}).Post("http://any/", "", bytes.NewReader(body))
	require.NoError(t, err)
	got, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(body, got))
	resp.Body.Close()
	tr.CloseIdleConnections()
	require.NoError(t, srv.Close())
	assert.ErrorIs(t, <-done, http.ErrServerClosed)
}
