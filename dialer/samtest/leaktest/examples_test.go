package leaktest_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestExamples: what the documentation shows works.
func TestExamples(t *testing.T) {
	t.Run("bot", testBot)
	t.Run("program", func(t *testing.T) {
		program := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestProgram$")
		program.Env = append(os.Environ(), "LEAKTEST_PROGRAM=1")
		testProgram(t, program)
	})
}

// TestProgram is no test: it is the program of the example, which asks its router for a greeting.
func TestProgram(t *testing.T) {
	if os.Getenv("LEAKTEST_PROGRAM") == "" {
		t.Skip("not a child")
	}
	conn, err := net.Dial("tcp", "127.0.0.1:7656")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "HELLO VERSION MIN=3.1 MAX=3.3\n")
	answer := make([]byte, 64)
	n, err := conn.Read(answer)
	assert.NoError(t, err)
	assert.Contains(t, string(answer[:n]), "RESULT=OK")
}
