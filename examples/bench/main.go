// Command bench measures what a SOCKS port costs, beside a bare relay that checks nothing: set-up, bulk each way, processor
// time, and memory and descriptors of idle streams. Each part runs in a process of its own, on loopback.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// settings are what the command line says.
type settings struct {
	rounds, idle int
	time, settle time.Duration
	mebibytes    int
	via          string // "tcp" or "sam"
	only         string
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(stderr)
	var s settings
	fs.IntVar(&s.rounds, "rounds", 3, "how often each is measured, in turns; the medians count")
	fs.DurationVar(&s.time, "time", 3*time.Second, "how long connections are opened in each round")
	fs.IntVar(&s.mebibytes, "mib", 1024, "`MiB` that are moved in each direction and round")
	fs.IntVar(&s.idle, "idle", 2000, "idle streams; 0 skips them")
	fs.DurationVar(&s.settle, "settle", 15*time.Second, "how long streams are idle before they are weighed")
	fs.StringVar(&s.via, "via", "sam", "how the site is reached: tcp, past I2P, or sam, by a bridge in memory")
	fs.StringVar(&s.only, "only", "", "measure this alone: connect, bulk or idle")
	role := fs.String("role", "", "for the program itself")
	site := fs.String("site", "", "for the program itself")
	heap := fs.String("memprofile", "", "with -role: `file` for a heap profile at each SIGHUP")
	profile := fs.String("cpuprofile", "", "with -role: `file` for a processor profile")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	if *heap != "" {
		hup := make(chan os.Signal, 1)
		signal.Notify(hup, syscall.SIGHUP)
		go func() {
			for range hup {
				weigh(*heap, stderr)
			}
		}()
	}
	switch *role {
	case "":
		return measure(ctx, s, stdout, stderr)
	case "site":
		return serveSite(ctx, s.via, stdout)
	case "bare":
		return serveBare(ctx, *site, stdout)
	case "ours":
		return serveOurs(ctx, *site, stdout)
	}
	return fmt.Errorf("unknown role %q", *role)
}

// weigh tells where the memory of the process is.
func weigh(profile string, w io.Writer) {
	var m runtime.MemStats
	for _, when := range []string{"before", "after"} {
		runtime.ReadMemStats(&m)
		fmt.Fprintf(w, "%s a collection, KiB: heap live %d, in use %d, idle %d, released %d; stacks %d, spans %d, GC %d, other %d; %d goroutines, %d collections\n",
			when, m.HeapAlloc>>10, m.HeapInuse>>10, m.HeapIdle>>10, m.HeapReleased>>10, m.StackInuse>>10, m.MSpanInuse>>10, m.GCSys>>10,
			m.OtherSys>>10, runtime.NumGoroutine(), m.NumGC)
		runtime.GC()
	}
	if f, err := os.Create(profile); err == nil {
		pprof.WriteHeapProfile(f)
		f.Close()
	}
}
