// Command bench measures what a SOCKS port costs: i2psocks beside a bare relay that checks nothing, go-socks5 over onramp, and
// no relay at all. It prints a table, and writes CSV and a plot. Each part runs in a process of its own, on loopback.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/pprof"
	"slices"
	"strings"
	"syscall"
	"time"
)

// errUsage is a mistake on the command line that was reported together with the usage.
var errUsage = errors.New("wrong usage")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt is not waited for
	switch err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2)
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "bench:", context.Cause(ctx))
		os.Exit(1)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// settings are what the command line says.
type settings struct {
	rounds, mebibytes, streams, pending int
	time, settle                        time.Duration
	via, router                         string
	relays, parts                       []string
	csv, svg                            string
	markdown                            bool
	profiles                            string
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.Usage = func() {
		fmt.Fprintln(stderr, "Usage: bench [options]               measure\n       bench [options] FILE.csv ...  show earlier measurements, combined")
		fs.PrintDefaults()
	}
	s, list := defineSettings(fs)
	fs.BoolFunc("quick", "a smoke test of some seconds; the figures mean little", func(string) error {
		s.rounds, s.time, s.mebibytes, s.streams, s.settle, s.pending = 1, 50*time.Millisecond, 8, 100, 100*time.Millisecond, 50
		return nil
	})
	role := fs.String("role", "", "internal: the role of a child process")
	target := fs.String("target", "", "internal: the address of the site")
	if err := fs.Parse(args); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if *role != "" {
		return playRole(ctx, *role, *target, s.profiles, stdout)
	}
	if err := s.check(list); err != nil {
		return err
	}
	var r *results
	var err error
	if fs.NArg() > 0 {
		r, err = readResults(fs.Args())
	} else {
		r, err = measure(ctx, s, stderr)
	}
	if err != nil {
		return err
	}
	return s.show(r, stdout)
}

func defineSettings(fs *flag.FlagSet) (s *settings, list func() (relays, parts string)) {
	s = new(settings)
	fs.IntVar(&s.rounds, "rounds", 3, "how often connects and bulk are measured, alternately")
	fs.DurationVar(&s.time, "time", 1200*time.Millisecond, "how long connects are measured, for each relay and round")
	fs.IntVar(&s.mebibytes, "mib", 512, "`MiB` of each bulk transfer")
	fs.IntVar(&s.streams, "streams", 10_000, "maximum number of idle streams")
	fs.DurationVar(&s.settle, "settle", 5*time.Second, "how long streams are idle before their memory is measured")
	fs.IntVar(&s.pending, "pending", 4000, "number of dials that wait at once")
	fs.StringVar(&s.via, "via", "sam", "how relays reach the site: sam, over a bridge in memory, or tcp, without I2P")
	fs.StringVar(&s.router, "router", "", "`address` of a router's SAM bridge, instead of the one in memory")
	relays := fs.String("relays", strings.Join(relayNames, ","), "relays to measure; the first is compared with the second")
	parts := fs.String("only", "", "measure only these parts: "+strings.Join(partNames, ","))
	fs.StringVar(&s.csv, "csv", "", "CSV `file` for all results")
	fs.StringVar(&s.svg, "svg", "", "SVG `file` for a plot of the memory of idle streams")
	fs.BoolVar(&s.markdown, "markdown", false, "print the table as Markdown")
	fs.StringVar(&s.profiles, "profiles", "", "`directory` for CPU and memory profiles of the relays")
	return s, func() (string, string) { return *relays, *parts }
}

func (s *settings) check(list func() (relays, parts string)) (err error) {
	relays, parts := list()
	if s.relays, err = choose("relay", relays, relayNames); err != nil {
		return err
	}
	if s.parts, err = choose("part", parts, partNames); err != nil {
		return err
	}
	if s.via != "tcp" && s.via != "sam" {
		return fmt.Errorf("-via %q: want tcp or sam", s.via)
	}
	if s.router != "" && s.via != "sam" {
		return errors.New("-router is reached over SAM")
	}
	if s.rounds < 1 || s.mebibytes < 1 || s.time <= 0 {
		return errors.New("-rounds, -mib and -time must be positive")
	}
	return nil
}

// choose returns the names in a list, or all if it is empty.
func choose(kind, list string, all []string) ([]string, error) {
	if list == "" {
		return all, nil
	}
	names := strings.Split(list, ",")
	for _, name := range names {
		if !slices.Contains(all, name) {
			return nil, fmt.Errorf("no %s %q: there are %s", kind, name, strings.Join(all, ", "))
		}
	}
	return names, nil
}

// show prints the table and writes the files that are asked for.
func (s *settings) show(r *results, stdout io.Writer) error {
	if err := r.table(stdout, s.markdown); err != nil {
		return err
	}
	for file, write := range map[string]func(io.Writer) error{s.csv: r.writeCSV, s.svg: r.plot} {
		if file == "" {
			continue
		}
		f, err := os.Create(file)
		if err != nil {
			return err
		}
		if err := errors.Join(write(f), f.Close()); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

// playRole is a part of the measurement, until nobody needs it any more: when its standard input ends.
func playRole(ctx context.Context, role, target, profiles string, stdout io.Writer) error {
	play, ok := roles[role]
	if !ok {
		return fmt.Errorf("unknown role %q", role)
	}
	if profiles != "" {
		f, err := os.Create(fmt.Sprintf("%s/%s.%d", profiles, role, os.Getpid()))
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
		defer func() {
			if f, err := os.Create(fmt.Sprintf("%s/%s.%d.allocs", profiles, role, os.Getpid())); err == nil {
				pprof.Lookup("allocs").WriteTo(f, 0)
				f.Close()
			}
		}()
	}
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	return play(ctx, target, stdout)
}
