package i2pd

import (
	"bytes"
	"context"
	"log/slog"
	"regexp"
	"sync"
)

// output takes what i2pd prints, a line at a time.
type output struct {
	log  *slog.Logger
	mu   sync.Mutex
	part []byte // an unfinished line
	last string // the last whole line that holds anything
}

// maxLine bounds an unfinished line, in bytes.
const maxLine = 4096

func (o *output) Write(b []byte) (int, error) {
	for _, line := range o.lines(b) {
		o.log.LogAttrs(context.Background(), slog.LevelDebug, "i2pd", slog.String("line", line))
	}
	return len(b), nil
}

// lines returns those that b completes and that hold anything.
func (o *output) lines(b []byte) (lines []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.part = append(o.part, b...)
	for {
		line, rest, found := bytes.Cut(o.part, []byte("\n"))
		if !found {
			if len(o.part) > maxLine {
				o.part = nil
			}
			return lines
		}
		o.part = rest
		if text := redact(string(bytes.TrimSpace(line))); text != "" {
			o.last = text
			lines = append(lines, text)
		}
	}
}

func (o *output) lastLine() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.last
}

// private is what may name a peer: host names of I2P, hashes and destinations, IP addresses. Those of
// IPv6 have "::" or more colons than a time of day.
var private = regexp.MustCompile(`(?i)[a-z0-9._-]+\.i2p\b|[a-z0-9~+/=-]{32,}|\b\d{1,3}(\.\d{1,3}){3}\b|` +
	`\b[0-9a-f]{1,4}(:[0-9a-f]{1,4})*::([0-9a-f]{1,4}(:[0-9a-f]{1,4})*)?(\.\d{1,3}){0,3}|` +
	`::[0-9a-f]{1,4}(:[0-9a-f]{1,4})*(\.\d{1,3}){0,3}\b|[0-9a-f]*:[0-9a-f]*:[0-9a-f:]*::?[0-9a-f:]*`)

func redact(line string) string {
	if len(line) > maxLine {
		line = line[:maxLine]
	}
	return private.ReplaceAllString(line, "...")
}
