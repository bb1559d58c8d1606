package leaktest

import (
	"bytes"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

const (
	insideVariable = "LEAKTEST_INSIDE"
	insideWord     = "leaktest: inside"
)

var (
	// probe is where the test inside sends a packet, to show that packets are looked at.
	probe = netip.MustParseAddrPort("192.0.2.1:9")
	// nameServers are the ports of DNS, plain and by TLS, and of multicast DNS.
	nameServers = []uint16{53, 853, 5353}
)

// Inside runs the test that calls it a second time, alone and in a process of its own in a namespace as that of [Confine],
// and reports whether this is that one:
//
//	func TestBot(t *testing.T) {
//		if !leaktest.Inside(t) {
//			return
//		}
//		... // bridges and clients in this process
//	}
//
// In the first process it returns false when the second has ended. The test fails if the second did, or if any packet left
// loopback, or went to a name server there. So it sees all resolvers of the process, also those that were made before the
// test began, and connections to literal addresses. It is skipped where Confine is. What the test prints inside is
// logged if it fails.
func Inside(tb testing.TB) bool {
	tb.Helper()
	if os.Getenv(insideVariable) == tb.Name() {
		enterInside(tb)
		return true
	}
	c := confine(tb, &Confined{itself: true})
	cmd := exec.Command(os.Args[0], "-test.run="+onlyTest(tb.Name()), "-test.count=1", "-test.parallel=1")
	cmd.Env = append(os.Environ(), insideVariable+"="+tb.Name())
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := c.Start(cmd)
	if err == nil {
		err = cmd.Wait()
	}
	c.Strays() // all that was sent is looked at
	c.mu.Lock()
	probes := c.probes
	c.mu.Unlock()
	switch {
	case err != nil:
		tb.Errorf("leaktest: inside: %v\n%s", err, out.Bytes())
	case !strings.Contains(out.String(), insideWord), probes == 0:
		tb.Errorf("leaktest: the test was not looked at inside:\n%s", out.Bytes())
	}
	return false
}

// enterInside tells the first process that this one is there.
func enterInside(tb testing.TB) {
	tb.Helper()
	os.Stdout.WriteString(insideWord + "\n")
	conn, err := net.Dial("udp", probe.String())
	if err == nil {
		_, err = conn.Write([]byte("probe"))
		conn.Close()
	}
	if err != nil {
		tb.Fatal("leaktest: inside: ", err)
	}
}

// onlyTest returns the pattern of one test or subtest.
func onlyTest(name string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	return strings.Join(parts, "/")
}
