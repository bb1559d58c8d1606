package clients_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const sshd = "/usr/sbin/sshd"

var sshClients = []client{
	{"ssh", []string{"ssh", "ssh-keygen", sshd, "nc.openbsd"}, open, []string{"SOCKS5 CONNECT name"}, func(t *testing.T, w *world) {
		dir := t.TempDir()
		for _, name := range []string{"host", "user"} {
			_, err := w.run(t, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, name))
			require.NoError(t, err)
		}
		page := file(t, "page", w.page)
		conf := file(t, "sshd.conf", fmt.Sprintf("HostKey %s/host\nAuthorizedKeysFile %s/user.pub\nForceCommand /bin/cat %s\nStrictModes no\nUsePAM no\n"+
			"PermitRootLogin prohibit-password\nPidFile none\n", dir, dir, page))
		served := make(chan error, 1)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go func() { served <- serveSSH(ctx, w, conf) }()
		host, err := os.ReadFile(filepath.Join(dir, "host.pub"))
		require.NoError(t, err)
		known := file(t, "known", w.shell+" "+string(host))
		w.fetches(t, "ssh", "-F", "none", "-i", filepath.Join(dir, "user"), "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes",
			"-o", "UserKnownHostsFile="+known, "-o", "GlobalKnownHostsFile=none", "-o", "ProxyCommand=nc.openbsd -X 5 -x "+w.proxy.Host+" %h %p",
			w.shell, "the command is the server's choice")
		stop() // nc is gone before it has sent ssh's farewell
		assert.NoError(t, <-served)
	}},
}

// serveSSH lets sshd serve one stream: whoever logs in with the user's key gets the page.
func serveSSH(ctx context.Context, w *world, conf string) error {
	conn, err := w.accept()
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := os.Mkdir("/run/sshd", 0o755); err == nil { // sshd asks for it when it is root
		defer os.Remove("/run/sshd")
	} else if os.Getuid() == 0 && !os.IsExist(err) {
		return err
	}
	cmd := exec.CommandContext(ctx, sshd, "-i", "-e", "-f", conf)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	var complaints strings.Builder
	cmd.Stdout, cmd.Stderr = conn, &complaints
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	go io.Copy(in, conn) // until sshd is gone, as then the stream is closed
	cmd.Run()            // fails, however the client leaves
	if !strings.Contains(complaints.String(), "Accepted publickey") {
		return errors.New(complaints.String())
	}
	return nil
}
