package i2pd_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/i2pd"
)

// fake plays i2pd: it reads the configuration that the package wrote and answers on SAM. What the
// argument "--fake" says, it does wrong.
func fake(args []string) error {
	time.AfterFunc(time.Minute, func() { os.Exit(4) }) // whatever happens, nothing is left
	option := func(name string) string {
		for _, a := range args {
			if v, ok := strings.CutPrefix(a, "--"+name+"="); ok {
				return v
			}
		}
		return ""
	}
	dir := option("datadir")
	os.WriteFile(filepath.Join(dir, "environ"), []byte(strings.Join(os.Environ(), "\n")), 0o600)
	conf, err := os.ReadFile(option("conf"))
	if err != nil {
		return err
	}
	how := option("fake")
	switch {
	case how == "crash":
		return fmt.Errorf("10:00:00@1/error - no hope for known.i2p at 192.0.2.7")
	case how == "absent":
		select {}
	case how == "stubborn":
		signal.Ignore(syscall.SIGTERM)
	}
	port := regexp.MustCompile(`(?m)^\[sam\]\nenabled = true\naddress = 127\.0\.0\.1\nport = (\d+)$`).FindSubmatch(conf)
	ln, err := net.Listen("tcp", "127.0.0.1:"+string(port[1]))
	if err != nil {
		return err
	}
	if port := regexp.MustCompile(`(?m)^\[i2cp\]\nenabled = true\naddress = 127\.0\.0\.1\nport = (\d+)$`).FindSubmatch(conf); port != nil {
		second, err := net.Listen("tcp", "127.0.0.1:"+string(port[1]))
		if err != nil {
			return err
		}
		go func() {
			for {
				if _, err := second.Accept(); err != nil {
					return
				}
			}
		}()
	}
	os.MkdirAll(filepath.Join(dir, "netDb", "r0"), 0o700)
	os.WriteFile(filepath.Join(dir, "netDb", "r0", "routerInfo-x.dat"), nil, 0o600)
	for n := 0; ; n++ {
		conn, err := ln.Accept()
		if err != nil && how == "leaves" {
			select {}
		}
		if err != nil {
			return err
		}
		if how == "leaves" && n == 1 {
			ln.Close()
		}
		if how == "slow" && n%3 != 0 {
			conn.Close()
			continue
		}
		go func() {
			if line, _ := bufio.NewReader(conn).ReadString('\n'); how != "mute" && (how != "once" || n < 2) && strings.HasPrefix(line, "HELLO VERSION ") {
				fmt.Fprintln(conn, "HELLO REPLY RESULT=OK VERSION=3.1")
			}
		}()
	}
}

// router returns a Router whose i2pd is this test, and what it reports.
func router(t testing.TB, how string) (*i2pd.Router, <-chan i2pd.Status) {
	self, err := os.Executable()
	require.NoError(t, err)
	told := make(chan i2pd.Status, 1000)
	r := &i2pd.Router{Path: self, Dir: filepath.Join(t.TempDir(), "i2pd"), Progress: func(s i2pd.Status) { told <- s }}
	if how != "" {
		r.Args = []string{"--fake=" + how}
	}
	t.Cleanup(func() { assert.NoError(t, r.Close()) })
	return r, told
}

// await returns the first report that fits.
func await(t testing.TB, told <-chan i2pd.Status, fits func(i2pd.Status) bool) i2pd.Status {
	for {
		select {
		case s := <-told:
			if fits(s) {
				return s
			}
		case <-time.After(20 * time.Second):
			require.FailNow(t, "no such report")
		}
	}
}

func within(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
