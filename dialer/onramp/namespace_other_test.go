//go:build !linux

package onramp_test

import "os/exec"

// isolate makes a command fail: there are no namespaces here.
func isolate(cmd *exec.Cmd) { cmd.Path = "" }
