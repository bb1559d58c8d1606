//go:build unix

package main

import (
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// forwarded are the signals that are passed on.
var forwarded = []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH, syscall.SIGCONT}

// forward passes signals on to p until stop is called.
func forward(p *os.Process) (stop func()) {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, forwarded...)
	go func() {
		for s := range signals {
			if !byKeys(s) {
				p.Signal(s)
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		close(signals)
	}
}

// byKeys reports whether a signal is one that the terminal's keys send to the whole group of processes, and so to the
// program as well, for which a second one often means to end at once.
func byKeys(s os.Signal) bool {
	if s != syscall.SIGINT && s != syscall.SIGQUIT {
		return false
	}
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	defer tty.Close()
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp() // inside both are 0 if the group is from outside
}

func signalOf(e *exec.ExitError) int { return int(e.Sys().(syscall.WaitStatus).Signal()) }
