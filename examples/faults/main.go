// Command faults injects random faults into routers, connections and hosts under load, for a set time, and verifies every
// byte and every identity: data arrives unchanged or not at all, each visitor is seen under its own name only, and
// everything works again once the faults are over. Otherwise it ends with exit status 1.
//
// Hosts are on a network inside the process or, with -routers, on private i2pd routers, which require Linux and root. With
// -door i2cp they use I2CP instead of SAM. The seed determines the faults, their times and the connections that are
// affected; the scheduler determines what is going on at those times.
//
// Visitors of i2pd that know the earlier tunnels of a site send to them until they expire, for up to ten minutes; no client
// can make i2pd look up new ones. After a series of faults on i2pd, new visitors must therefore get through within
// -recovery, and earlier visitors at the end, with -memory in addition. The longest time that a visitor had to try
// is printed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// errUsage is a mistake on the command line that was reported together with the usage.
var errUsage = errors.New("wrong usage")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends at once
	switch err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "faults:", err)
		os.Exit(1)
	}
}

// settings are what the command line says.
type settings struct {
	seed     uint64
	time     time.Duration
	recovery time.Duration // bound
	i2cp     bool
	memory   time.Duration
	visitors int // of each way and host
	quick    bool
	routers  bool
	i2pd     string
	log      *slog.Logger
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("faults", flag.ContinueOnError)
	fs.SetOutput(stderr)
	var s settings
	fs.Uint64Var(&s.seed, "seed", 0, "`number` that determines the faults; 0 selects a random one and prints it")
	fs.DurationVar(&s.time, "time", time.Minute, "how long faults are injected")
	fs.DurationVar(&s.recovery, "recovery", 5*time.Minute, "how long it may take until visitors get through again after faults")
	fs.IntVar(&s.visitors, "visitors", 2, "visitors of each host in the process, each with its own isolation token, and as many over SOCKS")
	door := fs.String("door", "sam", "`protocol` of hosts and routers: sam or i2cp")
	fs.BoolVar(&s.quick, "quick", false, "simulate Java I2P only, since i2pd takes seconds to forget a session, with short timeouts: without -time a run takes about 10 s")
	fs.BoolVar(&s.routers, "routers", false, "use real i2pd routers, on Linux, as root")
	fs.StringVar(&s.i2pd, "i2pd", "", "`directory` of the i2pd to use (default: that in PATH)")
	fs.DurationVar(&s.memory, "memory", leaseTime, "on i2pd, how long earlier visitors may take in addition; 0 waits for them after each series of faults, negative waits for new visitors only")
	verbose := fs.Bool("v", false, "print each fault and each failure")
	if err := fs.Parse(args); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	switch *door {
	case "sam":
	case "i2cp":
		s.i2cp = true
	default:
		return fmt.Errorf("-door %q: not sam or i2cp", *door)
	}
	if s.seed == 0 {
		s.seed = rand.Uint64()
	}
	level := slog.LevelWarn
	if *verbose {
		level = slog.LevelDebug
	}
	set := false
	fs.Visit(func(f *flag.Flag) { set = set || f.Name == "time" })
	if s.quick && !set {
		s.time = 3 * time.Second
	}
	s.log = slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))
	return test(ctx, s, stdout)
}

// test is one run. It fails if something was not survived.
func test(ctx context.Context, s settings, stdout io.Writer) error {
	fmt.Fprintf(stdout, "seed %d\n", s.seed)
	begin, err := settled()
	if err != nil {
		return err
	}
	r := newReport(s.log)
	err = under(ctx, s, r)
	r.print(stdout)
	if err != nil {
		return err
	}
	end := begin.await()
	fmt.Fprintf(stdout, "before and after: %v; %v\n", begin, end)
	if end.more(begin) {
		r.violated("goroutines or descriptors were left behind")
	}
	return r.err()
}

// under puts a network under load and breaks it.
func under(ctx context.Context, s settings, r *report) (err error) {
	open := openMemory
	if s.routers {
		open = openRouters
	}
	nw, err := open(ctx, s, r)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, nw.close()) }()
	w := &wires{dial: nw.dial, ranges: rangesSAM, odds: 6, report: r}
	if s.i2cp { // which has one connection for each identity
		w.ranges, w.odds = rangesI2CP, 2
	}
	l, err := startLoad(ctx, s, nw, w, r)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	storms(ctx, s, nw, w, l, r)
	return nil
}
