package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// child is a part in a process of its own.
type child struct {
	cmd   *exec.Cmd
	stdin io.Closer
	says  string // its first line
}

// startRole runs this program in a role.
func startRole(ctx context.Context, stderr io.Writer, role, target string, more ...string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c, err := start(ctx, stderr, self, append([]string{"-role", role, "-target", target}, more...)...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", role, err)
	}
	return c, nil
}

// atMost is how long a program may take to end once its standard input has.
const atMost = 3 * time.Second

// start runs a program and waits for its first line. It ends with ctx, and with this process, as its standard input then does.
func start(ctx context.Context, stderr io.Writer, program string, args ...string) (*child, error) {
	c := &child{cmd: exec.CommandContext(ctx, program, args...)}
	c.cmd.Stderr = stderr
	stdin, err := c.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	c.stdin = stdin
	c.cmd.Cancel, c.cmd.WaitDelay = stdin.Close, atMost
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
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, fmt.Errorf("ended before it was ready: %w", err)
	}
	c.says = strings.TrimSpace(line)
	return c, nil
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// stop lets the program end, and sees to it that it does.
func (c *child) stop() {
	c.stdin.Close()
	kill := time.AfterFunc(atMost, func() { c.cmd.Process.Kill() })
	defer kill.Stop()
	c.cmd.Wait()
}
