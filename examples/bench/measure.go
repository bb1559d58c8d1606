package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"text/tabwriter"
)

// child is a part in a process of its own.
type child struct {
	cmd  *exec.Cmd
	says string // its first line
}

// start runs this program in a role.
func start(ctx context.Context, stderr io.Writer, args ...string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{cmd: exec.CommandContext(ctx, self, args...)}
	c.cmd.Stderr = stderr
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		c.stop()
		return nil, fmt.Errorf("%v: %w", args, err)
	}
	c.says = strings.TrimSpace(line)
	return c, nil
}

func (c *child) stop() {
	c.cmd.Process.Kill()
	c.cmd.Wait()
}

// names of the relays, the one that all others are compared with last.
var names = []string{"ours", "bare"}

// measure runs all relays in turns and prints the medians.
func measure(ctx context.Context, s settings, stdout, stderr io.Writer) error {
	site, err := start(ctx, stderr, "-role", "site", "-via", s.via)
	if err != nil {
		return err
	}
	defer site.stop()
	results := make(map[string]map[string][]float64) // by metric and name
	for round := range s.rounds {
		for i := range names {
			name := names[(i+round)%len(names)]
			fmt.Fprintf(stderr, "round %d: %s\n", round+1, name)
			got, err := measureOne(ctx, s, name, site, stderr)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			for metric, v := range got {
				if results[metric] == nil {
					results[metric] = make(map[string][]float64)
				}
				results[metric][name] = append(results[metric][name], v)
			}
		}
	}
	printTable(stdout, results)
	return nil
}

func measureOne(ctx context.Context, s settings, name string, site *child, stderr io.Writer) (map[string]float64, error) {
	relay, err := start(ctx, stderr, "-role", name, "-site", site.says)
	if err != nil {
		return nil, err
	}
	defer relay.stop()
	l := &load{proxy: relay.says, host: "site.i2p", pid: relay.cmd.Process.Pid, settings: s, results: make(map[string]float64)}
	if fields := strings.Fields(site.says); fields[0] == "sam" {
		l.host, _, _ = strings.Cut(fields[2], ":")
	}
	for _, part := range []struct {
		name string
		run  func() error
	}{{"connect", l.connects}, {"bulk", l.bulk}, {"idle", l.idle}} {
		if s.only != "" && s.only != part.name {
			continue
		}
		if err := part.run(); err != nil {
			return nil, err
		}
	}
	return l.results, nil
}

func printTable(w io.Writer, results map[string]map[string][]float64) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	defer tw.Flush()
	fmt.Fprintf(tw, "\t%s\tratio\t\n", strings.Join(names, "\t"))
	metrics := make([]string, 0, len(results))
	for m := range results {
		metrics = append(metrics, m)
	}
	slices.Sort(metrics)
	for _, m := range metrics {
		fmt.Fprintf(tw, "%s\t", m)
		for _, name := range names {
			fmt.Fprintf(tw, "%.4g\t", median(results[m][name]))
		}
		fmt.Fprintf(tw, "%.3f\t\n", median(results[m][names[0]])/median(results[m][names[len(names)-1]]))
	}
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	s := slices.Clone(v)
	slices.Sort(s)
	return s[len(s)/2]
}
