package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/socks"
)

// confinedRun starts the program in namespaces of its own.
func (o *options) confinedRun(ctx context.Context, tried *attempts) (int, error) {
	runtime.LockOSThread() // init ends with the thread that has started it
	defer runtime.UnlockOSThread()
	dir, err := os.Getwd()
	if err != nil {
		return 0, err
	}
	s, err := newSandbox(plan{Unix: o.unix})
	if err != nil {
		return 0, explain(err)
	}
	defer s.close()
	o.endpoint.NoSecret = true // nobody else reaches the listener, which is inside
	px, err := o.endpoint.ServeSOCKS(ctx, s.listener)
	if err != nil {
		return 0, err
	}
	defer px.Close()
	if err := o.endpoint.Up(ctx); err != nil {
		return 0, noRouter(err)
	}
	g, err := o.gateway(ctx, s.link, tried)
	if err != nil {
		return 0, err
	}
	defer g.close()
	defer forward(s.init.Process)()
	env := px.Env(harmlessEnv(os.Environ()))
	if err := s.run(program{Path: o.args[0], Args: o.args, Env: env, Dir: dir}); err != nil {
		return 0, err
	}
	return exitCode(s.init.Wait())
}

// gateway joins the network card inside with a SOCKS port of its own, outside, which ends with the endpoint. Other
// users can reach that port, so it has a secret.
func (o *options) gateway(ctx context.Context, l link, tried *attempts) (*gateway, error) {
	outside := &i2psocks.Endpoint{Backend: o.endpoint, VirtualAddresses: virtual, ConfigureSOCKS: o.endpoint.ConfigureSOCKS}
	px, err := outside.ListenSOCKS(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	card, err := l.endpoint()
	if err != nil {
		return nil, err
	}
	user := px.URL().User
	password, _ := user.Password()
	g, err := newGateway(card, &socks.Dialer{Address: px.Addr().String(), Username: user.Username(), Password: password}, tried)
	if err != nil {
		return nil, err
	}
	g.port = px
	return g, nil
}

// leading are variables that lead to other programs of the session, or say who its user is.
var leading = []string{
	"DBUS_SESSION_BUS_ADDRESS", "DBUS_SYSTEM_BUS_ADDRESS", "SSH_AUTH_SOCK", "SSH_AGENT_PID", "SSH_CLIENT", "SSH_CONNECTION", "SSH_TTY",
	"SUDO_USER", "SUDO_UID", "SUDO_GID", "SUDO_COMMAND", "SUDO_HOME", "GPG_AGENT_INFO", "GNOME_KEYRING_CONTROL", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR", "SESSION_MANAGER",
	"PULSE_SERVER", "NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "DOCKER_HOST", "CONTAINER_HOST", "TMUX", "STY",
	"HOSTNAME", "HOST", "MAIL", "EMAIL", "TZ",
}

// harmlessEnv leaves those out, and says that the time is UTC.
func harmlessEnv(env []string) []string {
	env = slices.DeleteFunc(slices.Clone(env), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		return slices.Contains(leading, name)
	})
	return append(env, "TZ=UTC")
}

// pathOf returns the PATH of an environment.
func pathOf(env []string) string {
	for _, pair := range env {
		if path, ok := strings.CutPrefix(pair, "PATH="); ok {
			return path
		}
	}
	return "/usr/local/bin:/usr/bin:/bin"
}

// explain says what to do about a kernel that gives no namespaces.
func explain(err error) error {
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) || errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EINVAL) || errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("%w: this kernel gives ordinary users no namespaces (see kernel.unprivileged_userns_clone, "+
			"kernel.apparmor_restrict_unprivileged_userns and user.max_user_namespaces); "+
			"run as root, or with -unconfined, which keeps nothing in", err)
	}
	return err
}
