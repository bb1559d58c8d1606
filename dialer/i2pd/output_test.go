package i2pd

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
)

// heard is the writer of a log that does something whenever there is something to hear.
type heard func()

func (h heard) Write(b []byte) (int, error) { h(); return len(b), nil }

// TestOutputLoggerUsesIt: no lock is held while a program's handler takes down what i2pd prints.
func TestOutputLoggerUsesIt(t *testing.T) {
	var o output
	var last []string
	o.log = slog.New(slog.NewTextHandler(heard(func() { last = append(last, o.lastLine()) }), &slog.HandlerOptions{Level: slog.LevelDebug}))
	for _, part := range []string{"one", " line\n\n tw", "o\n"} {
		n, err := o.Write([]byte(part))
		assert.NoError(t, err)
		assert.Len(t, part, n)
	}
	assert.Equal(t, []string{"one line", "two"}, last)
}
