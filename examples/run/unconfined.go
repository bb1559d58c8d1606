package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/go-i2p/i2psocks/dialer"
)

// unconfinedRun starts the program with the SOCKS port in its environment, and nothing more.
func (o *options) unconfinedRun(ctx context.Context) (int, error) {
	px, err := o.endpoint.ListenSOCKS(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer px.Close()
	if err := o.endpoint.Up(ctx); err != nil {
		return 0, noRouter(err)
	}
	cmd := exec.Command(o.args[0], o.args[1:]...)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = px.Env(os.Environ()), os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer forward(cmd.Process)()
	return exitCode(cmd.Wait())
}

// noRouter says what to do about a router that is not there.
func noRouter(err error) error {
	if errors.Is(err, dialer.ErrRouterDown) {
		return fmt.Errorf("%w: start an I2P router, enable SAM, and give its address with -sam; the program was not started", err)
	}
	return err
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
