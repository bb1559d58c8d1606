//go:build !linux

package i2pnet

import (
	"context"
	"fmt"
	"os"
	"os/exec"
)

// namespace exists on Linux only.
type namespace struct{ name string }

func newNamespace(context.Context, string) (*namespace, error) {
	return nil, fmt.Errorf("%w: Linux, for its network namespaces", ErrMissing)
}

func (s *namespace) addAddress(context.Context, string) error { return ErrMissing }

func (s *namespace) openDevice(context.Context) (*os.File, error) { return nil, ErrMissing }

func (s *namespace) join(context.Context, string, *namespace, string, string) error {
	return ErrMissing
}

func (s *namespace) remove() error { return nil }

func (s *namespace) enter(func() error) error { return ErrMissing }

func dieWithUs(*exec.Cmd) {}
