//go:build !linux

package leaktest

import (
	"errors"
	"os/exec"
)

// Start is cmd.Start inside the namespace. The program is killed when this process ends.
func (c *Confined) Start(cmd *exec.Cmd) error { return c.ns.enter(cmd.Start) }

// namespace exists on Linux only.
type namespace struct{}

func newNamespace(func([]byte, bool)) (*namespace, error) {
	return nil, errors.New("network namespaces need Linux")
}

func (*namespace) enter(func() error) error { return errors.ErrUnsupported }
func (*namespace) drain()                   {}
func (*namespace) close() error             { return nil }
