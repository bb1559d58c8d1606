package peercred

import (
	"errors"
	"net"
	"os"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestUnsupported(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	_, err := UID(a)
	assert.ErrorIs(t, err, errors.ErrUnsupported)

	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	c, err := net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	if runtime.GOOS != "linux" {
		_, err = UID(c)
		assert.ErrorIs(t, err, errors.ErrUnsupported)
	}
	c.Close()
	_, err = UID(c)
	assert.ErrorIs(t, err, net.ErrClosed)
}

// TestMain plays the part of a process in other namespaces, too.
func TestMain(m *testing.M) {
	if os.Getenv("PEERCRED_TEST_FD") != "" {
		elsewhere()
		return
	}
	os.Exit(m.Run())
}
