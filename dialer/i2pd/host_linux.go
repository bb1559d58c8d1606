package i2pd

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// dieWithHost makes the kernel kill the child when the thread that started it ends.
func dieWithHost(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGKILL }

// owns fails with ErrPortTaken unless it is the child that listens on the port.
func (p *process) owns(port int) error {
	proc := "/proc/" + strconv.Itoa(p.pid)
	inode, err := listener(proc+"/net/tcp", port)
	if err != nil {
		return err
	}
	files, err := filepath.Glob(proc + "/fd/*")
	if err != nil {
		return err
	}
	for _, f := range files {
		if target, _ := os.Readlink(f); target == "socket:["+inode+"]" {
			return nil
		}
	}
	return fmt.Errorf("%w by another process", ErrPortTaken)
}

// listener finds the inode of the socket that listens on a port of 127.0.0.1, in a table as
// proc_net(5) describes it.
func listener(table string, port int) (inode string, err error) {
	f, err := os.Open(table)
	if err != nil {
		return "", err
	}
	defer f.Close()
	const listening = "0A"
	local := fmt.Sprintf("%08X:%04X", binary.NativeEndian.Uint32([]byte{127, 0, 0, 1}), port)
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		w := strings.Fields(lines.Text())
		if len(w) > 9 && w[1] == local && w[3] == listening {
			return w[9], nil
		}
	}
	if err := lines.Err(); err != nil {
		return "", err
	}
	return "", fmt.Errorf("%w: nothing listens on it any more", ErrPortTaken)
}
