package onramp_test

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"go.uber.org/goleak"

	theirs "github.com/go-i2p/onramp"

	"github.com/go-i2p/i2psocks/dialer/onramp"
)

// rest is how long identities rest in tests.
const rest = 200 * time.Millisecond

const (
	inNamespace = "ONRAMP_TEST_NAMESPACE" // "1" inside, "no" where none can be made
	home        = "ONRAMP_TEST_HOME"      // the folder of the sources
)

// TestMain runs the tests in a network namespace of their own, as onramp knows one address only, and in a
// folder of their own, as importing it makes folders.
func TestMain(m *testing.M) {
	if os.Getenv(inNamespace) != "" {
		theirs.I2P_KEYSTORE_PATH = os.Getenv("TMPDIR")
		onramp.SetSettle(rest)
		goleak.VerifyTestMain(m)
		return
	}
	for _, made := range []string{"i2pkeys", "onionkeys", "tlskeys"} {
		os.Remove(made)
	}
	os.Exit(elsewhere())
}

func elsewhere() int {
	wd, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	dir, err := os.MkdirTemp("", "onramp-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	run := func(how string, prepare func(*exec.Cmd), args ...string) error {
		cmd := exec.Command(self, args...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = dir, os.Stdout, os.Stderr
		cmd.Env = append(os.Environ(), inNamespace+"="+how, home+"="+wd, "TMPDIR="+dir)
		prepare(cmd)
		return cmd.Run()
	}
	how := "1"
	if err := run("1", isolate, "-test.run=^TestNamespace$"); err != nil {
		fmt.Println("no network namespace:", err)
		how = "no"
	}
	if err := run(how, map[string]func(*exec.Cmd){"1": isolate, "no": func(*exec.Cmd) {}}[how], os.Args[1:]...); err != nil {
		return 1
	}
	return 0
}
