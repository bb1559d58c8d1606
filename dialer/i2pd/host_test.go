package i2pd_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/i2pd"
)

// host is a program that has a router and ends without Close. It runs in a process of its own.
func host(how string) {
	self, _ := os.Executable()
	r := &i2pd.Router{Path: self, Dir: os.Getenv("I2PD_TEST_DIR"), Stay: how == "stay"}
	address, err := r.Address(context.Background())
	fmt.Println(address, err)
	switch how {
	case "panic":
		panic("as planned")
	case "exit":
		os.Exit(0)
	default:
		time.Sleep(time.Minute) // to be killed
	}
}

// TestHostEnds: whatever ends the host ends the child.
func TestHostEnds(t *testing.T) {
	if !endsWithHost {
		t.Skip("this system lets a child outlive its host")
	}
	for _, how := range []string{"panic", "exit", "kill", "kill", "kill"} {
		t.Run(how, func(t *testing.T) {
			r, _ := router(t, "")
			self, err := os.Executable()
			require.NoError(t, err)
			cmd := exec.Command(self)
			cmd.Env = append(os.Environ(), "I2PD_TEST_HOST="+how, "I2PD_TEST_DIR="+r.Dir)
			out, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			line, err := bufio.NewReader(out).ReadString('\n')
			require.NoError(t, err)
			address, ok := strings.CutSuffix(line, " <nil>\n")
			require.True(t, ok, line)
			if how == "kill" {
				require.NoError(t, cmd.Process.Kill())
			}
			cmd.Wait()
			// The child holds the lock of its folder, and so tells when it is gone.
			assert.Eventually(t, func() bool { return r.Start(t.Context()) == nil }, 5*time.Second, time.Millisecond)
			assert.True(t, gone(address))
		})
	}
}
