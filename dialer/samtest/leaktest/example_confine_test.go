package leaktest_test

import (
	"os/exec"
	"testing"

	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/dialer/samtest/leaktest"
)

// testProgram is a test of a host's own, TestProgram: a whole program runs where the router is all that there is.
func testProgram(t *testing.T, program *exec.Cmd) {
	c := leaktest.Confine(t) // skips the test where there is no Linux, root and ip(8)
	bridge := samtest.NewStrict(t).Start(nil)
	if err := c.Forward("127.0.0.1:7656", bridge.Addr()); err != nil {
		t.Fatal(err)
	}
	said := new(leaktest.Recorder)
	said.Text("the site", "my-secret-site.i2p")
	program.Stdout, program.Stderr = said, said
	if err := c.Start(program); err != nil {
		t.Fatal(err)
	}
	if err := program.Wait(); err != nil {
		t.Error(err)
	}
	said.Check(t)
}

// A whole program: each packet that it sends elsewhere than to the router fails the test, whoever sends it.
func ExampleConfine() {
	_ = testProgram // which a host calls TestProgram, with exec.Command("./mybot", "my-secret-site.i2p")
}
