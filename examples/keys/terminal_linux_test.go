package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/go-i2p/i2psocks/keys"
)

// terminal makes a terminal: a person at one end, a program at the other.
func terminal(t *testing.T) (person, program *os.File) {
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no terminals here:", err)
	}
	t.Cleanup(func() { person.Close() })
	require.NoError(t, unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	program, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { program.Close() })
	return person, program
}

// typing answers each prompt, which ends with a space, with the next line.
func typing(t *testing.T, person *os.File, lines ...string) io.Writer {
	r, w := io.Pipe()
	t.Cleanup(func() { r.Close() })
	go func() {
		in := bufio.NewReader(r)
		for _, line := range lines {
			if _, err := in.ReadString(':'); err != nil {
				return
			}
			person.WriteString(line + "\n")
		}
		io.Copy(io.Discard, in)
	}()
	return w
}

func echoes(t *testing.T, f *os.File) bool {
	state, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	require.NoError(t, err)
	return state.Lflag&unix.ECHO != 0
}

func TestPassphraseFromTheTerminal(t *testing.T) {
	dir := folder(t)
	shown := must(t, dir, "create", "bot")
	person, program := terminal(t)
	ask := func(args []string, lines ...string) (string, error) {
		var stdout bytes.Buffer
		c := &command{stdin: program, stdout: &stdout, stderr: typing(t, person, lines...)}
		err := c.run(t.Context(), append([]string{"-dir", dir, "-work-factor", "4"}, args...))
		assert.True(t, echoes(t, program))
		return stdout.String(), err
	}
	_, err := ask([]string{"encrypt"}, "one", "mistyped")
	assert.ErrorContains(t, err, "differ")
	assert.Equal(t, shown, must(t, dir, "show", "bot"), "still plain")
	_, err = ask([]string{"encrypt"}, "one", "one")
	require.NoError(t, err)
	_, err = ask([]string{"show", "bot"}, "two")
	assert.ErrorIs(t, err, keys.ErrPassphrase)
	out, err := ask([]string{"show", "bot"}, "one")
	require.NoError(t, err)
	assert.Equal(t, shown, out)
}

// An interrupt at the prompt ends it, and the terminal echoes again.
func TestInterruptAtThePrompt(t *testing.T) {
	dir := folder(t)
	must(t, dir, "create", "bot")
	_, program := terminal(t)
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	defer r.Close()
	ended := make(chan error, 1)
	go func() {
		c := &command{stdin: program, stdout: io.Discard, stderr: w}
		ended <- c.run(ctx, []string{"-dir", dir, "encrypt"})
	}()
	in := bufio.NewReader(r)
	_, err := in.ReadString(':')
	require.NoError(t, err)
	go io.Copy(io.Discard, in)
	cancel()
	assert.ErrorIs(t, <-ended, context.Canceled)
	require.Len(t, secrets(t, dir), 1, "still plain")
}

func TestNoTerminal(t *testing.T) {
	dir := folder(t)
	must(t, dir, "create", "bot")
	null, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer null.Close()
	c := &command{stdin: null, stdout: io.Discard, stderr: io.Discard}
	err = c.run(t.Context(), []string{"-dir", dir, "encrypt"})
	assert.ErrorContains(t, err, "no terminal")
}
