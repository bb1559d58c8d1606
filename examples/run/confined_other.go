//go:build !linux

package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
)

const initName = "i2psocks-run-init"

func initMain() int { return exitFailed }

func (o *options) confinedRun(context.Context, *attempts) (int, error) {
	return 0, fmt.Errorf("no namespaces on %s: %w; -unconfined keeps nothing in", runtime.GOOS, errors.ErrUnsupported)
}
