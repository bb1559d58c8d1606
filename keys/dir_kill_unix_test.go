//go:build unix

package keys_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/keys"
)

const workEnv = "KEYS_TEST_WORK_DIR"

// TestWorkInDir is the process that TestDirSurvivesKill kills. It says what it
// is about to put in place, and what is in place for good.
func TestWorkInDir(t *testing.T) {
	path := os.Getenv(workEnv)
	if path == "" {
		t.Skip("only runs as a child")
	}
	w := &world{one: gcm(1), two: gcm(2)}
	d, how := w.open(t, path)
	fmt.Println("opened", how)
	next := map[string]keys.Sealer{"plain": w.one, "one": w.two, "two": nil}[how]
	for {
		id := generate(t)
		fmt.Println("try", id)
		require.NoError(t, d.Replace(t.Context(), "bot", id))
		fmt.Println("done", id)
		require.NoError(t, d.Reseal(t.Context(), next))
		require.NoError(t, d.Purge(t.Context(), "bot"))
		if next == nil {
			next = w.one
		} else if next == w.one {
			next = w.two
		} else {
			next = nil
		}
	}
}

// A process is killed at any moment, again and again: the store opens, all of
// it is readable, and the identity is the last one that was reported, or the
// one that was under way.
func TestDirSurvivesKill(t *testing.T) {
	w := newWorld(t)
	path := w.prepare(t, scenario{name: "kill"})
	last := w.a.String()
	for round := range 15 {
		out := workAndKill(t, path)
		tried := last
		for line := range strings.Lines(out) {
			what, id, _ := strings.Cut(strings.TrimSpace(line), " ")
			switch what {
			case "done":
				last = id
			case "try":
				tried = id
			}
		}
		d, _ := w.open(t, path)
		id := load(t, d, "bot")
		require.Contains(t, []string{last, tried}, id.String(), "round %d", round)
		last = id.String()
		state(t, d) // reads everything
		require.Equal(t, w.b.String(), load(t, d, "other").String())
		require.NoError(t, d.Close())
	}
}

// workAndKill runs TestWorkInDir for a moment, and returns what it said.
func workAndKill(t *testing.T, path string) string {
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestWorkInDir$")
	cmd.Env = append(os.Environ(), workEnv+"="+path)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	in := bufio.NewReader(stdout)
	opened, err := in.ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, opened, "opened", opened)
	kill := time.AfterFunc(rand.N(60*time.Millisecond), func() { cmd.Process.Kill() })
	defer kill.Stop()
	var out strings.Builder
	_, err = in.WriteTo(&out)
	require.NoError(t, err)
	require.Error(t, cmd.Wait(), "it never ends by itself")
	require.NotContains(t, out.String(), "FAIL")
	return out.String()
}
