// Command faults breaks routers, connections and hosts at random under load, for a set time, and checks every byte and
// every identity meanwhile: what is sent arrives as it was or not at all, each visitor is seen under the one name that is
// its own, and everything works again once the faults are over. It ends with exit status 1 if any of that does not hold.
//
// Hosts are on a network in the process, or with -routers on private routers of i2pd, which takes Linux and root, and with
// -door i2cp their streams are made in the process. The seed decides what is broken, when and for how long, and what happens
// to which of the connections that are made meanwhile; what that meets is up to the scheduler.
//
// Visitors of i2pd that know a site's tunnels send to them until they expire, for up to ten minutes, though the site has
// others by then: no client can make i2pd look again. So after a storm there it is visitors who were never there that must
// get through, within -recovery, and those who were must do so at the end, with -memory on top. How long one had
// to try is printed.
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
	fs.Uint64Var(&s.seed, "seed", 0, "`number` that decides what is broken; 0 takes one at random and prints it")
	fs.DurationVar(&s.time, "time", time.Minute, "how long things are broken")
	fs.DurationVar(&s.recovery, "recovery", 5*time.Minute, "how long it may take until visitors get through again")
	fs.IntVar(&s.visitors, "visitors", 2, "visitors of each host that have a token in the process, and as many that use SOCKS")
	door := fs.String("door", "sam", "`sam or i2cp`: how hosts talk to their routers")
	fs.BoolVar(&s.quick, "quick", false, "play Java I2P alone, as i2pd takes seconds to forget a session, and be impatient: without -time a run takes about 10 s")
	fs.BoolVar(&s.routers, "routers", false, "break real i2pd routers, on Linux, as root")
	fs.StringVar(&s.i2pd, "i2pd", "", "`folder` of the i2pd to use (default: that in PATH)")
	fs.DurationVar(&s.memory, "memory", leaseTime, "on i2pd, how long visitors may believe in tunnels that are gone; 0 waits for them after each storm, as in the process, and a negative one for newcomers alone")
	verbose := fs.Bool("v", false, "print each fault and each failure")
	if err := fs.Parse(args); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	switch *door {
	case "sam":
	case "i2cp":
		s.i2cp = true
	default:
		return fmt.Errorf("no door %q", *door)
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
