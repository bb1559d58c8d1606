package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// initMain is init: it prepares the namespaces, runs the program and reaps whatever is left to it. When it ends, the
// kernel kills everything else inside. It returns the exit code.
func initMain() int {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, forwarded...) // at once, as they come from outside
	// Else the program could get at this one's memory by the thread that has given up its privileges to start it.
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return 1
	}
	unix.CloseOnExec(3)
	file := os.NewFile(3, "outside")
	c, err := net.FileConn(file)
	conn, ok := c.(*net.UnixConn)
	if err != nil || !ok || os.Getpid() != 1 {
		fmt.Fprintln(os.Stderr, "run: this is no program to start by hand")
		return 2
	}
	file.Close()
	in := json.NewDecoder(conn)
	var p plan
	if err := in.Decode(&p); err != nil {
		return 1 // nobody is left to be told
	}
	if err := confine(conn); err != nil {
		send(conn, ready{Err: err.Error()})
		return 1
	}
	var run program
	if err := in.Decode(&run); err != nil {
		return 1
	}
	conn.Close()
	pid, err := start(run, p)
	if err != nil {
		fmt.Fprintln(os.Stderr, "run:", err)
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist) {
			return 127 // as shells do
		}
		return 126
	}
	return reap(pid, signals)
}

// confine makes the namespaces harmless, and hands out what carries the traffic.
func confine(conn *net.UnixConn) error {
	card, hardware, err := network() // while the device is there
	if err != nil {
		return err
	}
	defer unix.Close(card)
	if err := mounts(); err != nil {
		return err
	}
	if err := unix.Sethostname([]byte("localhost")); err != nil {
		return os.NewSyscallError("sethostname", err)
	}
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer ln.Close()
	file, err := ln.(*net.TCPListener).File()
	if err != nil {
		return err
	}
	defer file.Close()
	return send(conn, ready{Hardware: hardware}, int(file.Fd()), card)
}

// start begins the program on a thread that gives up all privileges for good, as the program inherits them.
func start(run program, p plan) (pid int, err error) {
	if err := os.Chdir(run.Dir); err != nil {
		return 0, err
	}
	os.Setenv("PATH", pathOf(run.Env))
	path, err := exec.LookPath(run.Path)
	if err != nil {
		return 0, err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // for ever: the thread ends with the goroutine
		if err = narrow(p); err == nil {
			pid, err = syscall.ForkExec(path, run.Args, &syscall.ProcAttr{Env: run.Env, Files: []uintptr{0, 1, 2}})
		}
	}()
	<-done
	return pid, err
}

// reap waits for the program, passing signals on to it, and returns its exit code.
func reap(pid int, signals <-chan os.Signal) int {
	go func() {
		for s := range signals {
			if !byKeys(s) {
				unix.Kill(pid, s.(syscall.Signal))
			}
		}
	}()
	for {
		var status unix.WaitStatus
		ended, err := unix.Wait4(-1, &status, 0, nil)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return 1
		case ended != pid:
		case status.Signaled():
			return 128 + int(status.Signal())
		case status.Exited():
			return status.ExitStatus()
		}
	}
}
