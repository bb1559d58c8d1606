package sam

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/keys"
)

// firstByte is a reader that calls late some time after its first byte.
type firstByte struct {
	io.Reader
	late  func()
	timer *time.Timer
}

func (f *firstByte) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	if n > 0 && f.timer == nil {
		f.timer = time.AfterFunc(peerLine, f.late)
	}
	return n, err
}

// stop reports whether there was a byte.
func (f *firstByte) stop() bool {
	if f.timer != nil {
		f.timer.Stop()
	}
	return f.timer != nil
}

// parseAccept reads "<destination> [FROM_PORT=n TO_PORT=n]". A status in its place is Java I2P's way to say
// that the accept has failed after all.
func parseAccept(line string) (from dialer.Addr, port uint16, err error) {
	first, rest, _ := strings.Cut(line, " ")
	if first == "STREAM" || first == "SESSION" {
		m, err := parse(line)
		if err == nil {
			err = resultError(m)
		}
		if err == nil {
			err = fmt.Errorf("%w: %q in place of a destination", dialer.ErrRouter, first)
		}
		return from, 0, err
	}
	d, err := keys.ParseDestination(first)
	if err != nil {
		err = fmt.Errorf("%w: accepted a stream from a malformed destination", dialer.ErrRouter)
		if base64, decodeErr := clientNames.DecodeString(first); decodeErr == nil && len(base64) >= shortest {
			err = peerFault{err}
		}
		return from, 0, err
	}
	m, err := parse("STREAM ACCEPTED " + rest)
	if err != nil {
		return from, 0, err
	}
	from = dialer.AddrOf(d, portOf(m.Get("FROM_PORT")))
	return from, portOf(m.Get("TO_PORT")), nil
}

func portOf(s string) uint16 {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil {
		return 0
	}
	return uint16(n)
}
