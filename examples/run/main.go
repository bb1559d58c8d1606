// Command run runs a program in a network namespace in which only I2P can be reached, and reports what the program
// has revealed and what it has tried to reach otherwise:
//
//	run -- curl http://stats.i2p/
//
// On Linux the program has namespaces of its own: it sees only a virtual network interface, a resolver for names in I2P
// only, no other processes, no sockets of the session or of daemons, and cannot gain privileges. Its environment points
// to the SOCKS port; connections to names in I2P that ignore it are forwarded to the port. No root is needed if the
// kernel permits user namespaces. Files are not isolated: a program that can write where another program reads can still
// reveal something.
//
// The exit code is that of the program, 128 and its number if a signal ended it, 125 if it could not be confined or there is no router, 126
// or 127 if it could not be started.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"sync"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/socks"
	"github.com/go-i2p/i2psocks/socks/audit"
)

// exitFailed is the code for failures of this program, not the one that it runs.
const exitFailed = 125

func main() {
	if os.Args[0] == initName {
		os.Exit(initMain())
	}
	o, err := parse(os.Args[1:], os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(0)
	case err != nil:
		fmt.Fprintln(os.Stderr, "run:", err)
		os.Exit(exitFailed)
	}
	code, err := o.run(context.Background(), os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "run:", err)
		code = exitFailed
	}
	os.Exit(code)
}

// options are the flags and the program.
type options struct {
	args       []string
	endpoint   *i2psocks.Endpoint
	auditor    *audit.Auditor
	report     string
	reveal     bool
	unix       bool
	unconfined bool
	quiet      bool
}

// virtual are the addresses that stand for hosts of I2P: half of a private network.
var virtual = netip.MustParsePrefix("10.128.0.0/9")

func parse(args []string, stderr io.Writer) (*options, error) {
	o := &options{endpoint: &i2psocks.Endpoint{VirtualAddresses: virtual}}
	fs := flag.NewFlagSet("run", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.Usage = func() {
		fmt.Fprintln(stderr, "Usage: run [options] [--] PROGRAM [ARGUMENT...]")
		fs.PrintDefaults()
	}
	fs.StringVar(&o.endpoint.SAM, "sam", sam.DefaultAddress, "SAM `address` of the router: IP:port or unix:PATH")
	datagrams := fs.String("sam-udp", "", "UDP `address` of the router, for datagrams (default: port 7655 of -sam)")
	fs.StringVar(&o.endpoint.Name, "name", "", "`name` of the identity")
	fs.StringVar(&o.endpoint.Dir, "dir", "", "`directory` of the identity (default: a new identity at each start)")
	length := fs.Int("length", 3, "hops of each tunnel, 0 (no anonymity) to 7")
	fs.BoolVar(&o.reveal, "reveal", false, "show the addresses, names and values that were found")
	fs.StringVar(&o.report, "report", "", "write the report as JSON to this `file`, which must not exist")
	fatal := fs.Bool("fatal", false, "end streams that reveal who or where the user is, before the bytes leave")
	fs.BoolVar(&o.unix, "unix", false, "permit unix sockets, including those that lead outside")
	fs.BoolVar(&o.unconfined, "unconfined", false, "run the program without namespaces, only with the environment set")
	fs.BoolVar(&o.quiet, "q", false, "print no report")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	if o.args = fs.Args(); len(o.args) == 0 {
		fs.Usage()
		return nil, errors.New("no program given")
	}
	o.endpoint.Configure = func(s *sam.Session) { s.UDPAddress = *datagrams }
	o.endpoint.Inbound.Length, o.endpoint.Outbound.Length = *length, *length
	if *length == 0 {
		o.endpoint.Inbound.Length, o.endpoint.Outbound.Length = -1, -1
	}
	o.auditor = &audit.Auditor{Reveal: o.reveal}
	if *fatal {
		o.auditor.Fatal = func(f audit.Finding) bool { return f.Severity == audit.Leak }
	}
	o.endpoint.ConfigureSOCKS = func(s *socks.Server) { s.Observe = o.auditor.Observe }
	return o, nil
}

// run returns the exit code of the program. The error is one of this program.
func (o *options) run(ctx context.Context, stderr io.Writer) (code int, err error) {
	report, err := o.openReport()
	if err != nil {
		return 0, err
	}
	defer report.Close()
	closeEndpoint := sync.OnceFunc(func() { o.endpoint.Close() })
	defer closeEndpoint()
	var tried attempts
	if o.unconfined {
		code, err = o.unconfinedRun(ctx)
	} else {
		code, err = o.confinedRun(ctx, &tried)
	}
	if err != nil {
		return 0, err
	}
	closeEndpoint() // what is still on its way may show something
	if !o.quiet {
		o.print(stderr, &tried)
	}
	return code, o.write(report, &tried)
}
