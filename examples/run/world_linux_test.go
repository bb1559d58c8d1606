package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/socks/audit"
)

func TestMain(m *testing.M) {
	if os.Args[0] == initName {
		os.Exit(initMain())
	}
	if name := os.Getenv("RUN_TEST_PROBE"); name != "" {
		probe(name, os.Args[1:])
		return
	}
	if len(os.Args) > 1 && os.Args[1] == launch {
		os.Args = append(os.Args[:1], os.Args[2:]...)
		main()
		return
	}
	goleak.VerifyTestMain(m)
}

// launch makes the test program the command.
const launch = "launch"

// command is the command as the user of the credential, nil for that of the test.
func command(t *testing.T, user *syscall.Credential, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	if user != nil { // who may not read the folder of test programs
		copied := filepath.Join(open(t), "run")
		b, err := os.ReadFile(self)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(copied, b, 0o755))
		self = copied
	}
	cmd := exec.Command(self, append([]string{launch}, args...)...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: user}
	return cmd
}

// open is a folder that every user may read.
func open(t *testing.T) string {
	dir, err := os.MkdirTemp("", "run-test-")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o755))
	return dir
}

// world is a network in the process, with a web site.
type world struct {
	sam, site string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	nw := samtest.NewStrict(t)
	server := &i2psocks.Endpoint{SAM: nw.Start(nil).Addr()}
	t.Cleanup(func() { server.Close() })
	ln, err := server.Listen(t.Context(), "tcp", ":80")
	require.NoError(t, err)
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "a page of I2P") })}
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })
	return &world{sam: nw.Start(nil).Addr(), site: "http://" + server.Addr().Host + "/"}
}

// result is what became of a run.
type result struct {
	code   int
	output string
	reported
}

func (w *world) run(t *testing.T, user *syscall.Credential, env []string, args ...string) result {
	t.Helper()
	dir := t.TempDir()
	if user != nil {
		dir = open(t)
		require.NoError(t, os.Chown(dir, int(user.Uid), int(user.Gid)))
	}
	report := filepath.Join(dir, "report.json")
	cmd := command(t, user, append([]string{"-sam", w.sam, "-report", report}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	code, err := exitCode(err)
	require.NoError(t, err)
	r := result{code: code, output: string(out)}
	text, err := os.ReadFile(report)
	if err == nil {
		require.NoError(t, json.Unmarshal(text, &r.reported))
	}
	return r
}

func (r result) found(rule audit.Rule) bool {
	for _, f := range r.Findings {
		if f.Rule == rule {
			return true
		}
	}
	return false
}

func (r result) tried(protocol string) int {
	n := 0
	for _, d := range r.Direct {
		if d.Protocol == protocol {
			n += d.Count
		}
	}
	return n
}

// users are the one of the test, and an ordinary one if that is root.
func users(t *testing.T) map[string]*syscall.Credential {
	all := map[string]*syscall.Credential{"this user": nil}
	if os.Getuid() == 0 {
		all["an ordinary user"] = &syscall.Credential{Uid: 65534, Gid: 65534}
	}
	return all
}

// needNamespaces skips where the kernel has none for us.
func needNamespaces(t *testing.T) {
	t.Helper()
	s, err := newSandbox(plan{})
	if os.Getenv("I2PSOCKS_REQUIRE_NAMESPACES") != "" {
		require.NoError(t, err)
	} else if err != nil {
		t.Skip("no namespaces:", err)
	}
	s.close()
}
