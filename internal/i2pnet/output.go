package i2pnet

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"sync"
)

var colour = regexp.MustCompile("\x1b\\[[0-9;]*m")

// lineWriter passes whole lines on, each behind a prefix and without colours. Several may share
// out, under mu.
type lineWriter struct {
	mu     *sync.Mutex
	out    io.Writer
	prefix string
	part   []byte // an unfinished line
	last   []byte // the last whole line
}

func (w *lineWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.part = append(w.part, b...)
	for {
		end := bytes.IndexByte(w.part, '\n')
		if end < 0 {
			return len(b), nil
		}
		w.last = colour.ReplaceAll(w.part[:end], nil)
		w.part = append(w.part[:0], w.part[end+1:]...)
		if w.out != nil {
			fmt.Fprintf(w.out, "%s%s\n", w.prefix, w.last)
		}
	}
}

func (w *lineWriter) lastLine() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return string(w.last)
}
