package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
)

// unconfinedRun starts the program with the SOCKS port in its environment, and nothing more.
func (o *options) unconfinedRun(ctx context.Context) (int, error) {
	px, err := o.endpoint.ListenSOCKS(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer px.Close()
	cmd := exec.Command(o.args[0], o.args[1:]...)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = px.Env(os.Environ()), os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer forward(cmd.Process)()
	return exitCode(cmd.Wait())
}

// exitCode returns the code of a program that has ended with err.
func exitCode(err error) (int, error) {
	exit, ok := errors.AsType[*exec.ExitError](err)
	switch {
	case err == nil:
		return 0, nil
	case !ok:
		return 0, err
	case exit.ExitCode() < 0:
		return 128 + signalOf(exit), nil
	}
	return exit.ExitCode(), nil
}
