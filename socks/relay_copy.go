package socks

import (
	"io"
	"sync"
)

const (
	quietBuffer = 512      // held while src is quiet
	busyBuffer  = 32 << 10 // borrowed while it is not
)

var busyBuffers = sync.Pool{New: func() any { return new([busyBuffer]byte) }}

// copy is the path for any pair of connections. It waits with a small buffer
// and takes a big one only when the small one was filled, so that idle streams
// stay cheap.
func (f *flow) copy() (srcErr, dstErr error) {
	quiet := make([]byte, quietBuffer)
	for {
		n, err := f.src.Read(quiet)
		if dstErr = f.pass(quiet[:n]); dstErr != nil {
			return nil, dstErr
		}
		if err == nil && n == len(quiet) {
			err, dstErr = f.copyBusy()
		}
		switch {
		case dstErr != nil:
			return nil, dstErr
		case err == io.EOF:
			return nil, nil
		case err != nil:
			return err, nil
		}
	}
}

// copyBusy copies until src has less to say than fits.
func (f *flow) copyBusy() (srcErr, dstErr error) {
	buf := busyBuffers.Get().(*[busyBuffer]byte)
	defer busyBuffers.Put(buf)
	for n := len(buf); n == len(buf) && srcErr == nil && dstErr == nil; {
		n, srcErr = f.src.Read(buf[:])
		dstErr = f.pass(buf[:n])
	}
	return srcErr, dstErr
}

func (f *flow) pass(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	f.watch.progress()
	return f.put(p)
}
