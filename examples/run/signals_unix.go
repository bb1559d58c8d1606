//go:build unix

package main

import (
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// forwarded are the signals that are passed on. Those of the terminal's keys reach the program by themselves, but a
// second one of them does no harm.
var forwarded = []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH, syscall.SIGCONT}

// forward passes signals on to p until stop is called.
func forward(p *os.Process) (stop func()) {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, forwarded...)
	go func() {
		for s := range signals {
			p.Signal(s)
		}
	}()
	return func() {
		signal.Stop(signals)
		close(signals)
	}
}

func signalOf(e *exec.ExitError) int { return int(e.Sys().(syscall.WaitStatus).Signal()) }
