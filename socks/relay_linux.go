package socks

import (
	"errors"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// splice moves the bytes inside the kernel. It is not done when the two ends
// are not both sockets, or when the kernel refuses; then no byte is lost, and
// copy goes on where it stopped.
func (f *flow) splice() (srcErr, dstErr error, done bool) {
	src, _ := socket(f.src)
	dst, dstConn := socket(f.dst)
	if src == nil || dst == nil {
		return nil, nil, false
	}
	s := &splicer{flow: f, src: src, dst: dst, patience: patience{watch: f.watch, conn: dstConn}}
	s.srcCounter, _ = f.src.(counter)
	s.dstCounter, _ = f.dst.(counter)
	s.takeFunc, s.giveFunc = s.take, s.give
	f.watch.spliced(f)
	for s.srcErr == nil && s.dstErr == nil && !s.eof && !s.refused {
		s.step()
	}
	s.patience.stop()
	if s.refused {
		f.watch.refused(f)
	}
	return s.srcErr, s.dstErr, !s.refused
}

// socket returns the way to the descriptor of c and the socket itself, or nil.
// Only the very types count, not what embeds them.
func socket(c net.Conn) (rc syscall.RawConn, raw net.Conn) {
	raw, _ = unwrap(c)
	switch raw := raw.(type) {
	case *net.TCPConn:
		rc, _ = raw.SyscallConn()
	case *net.UnixConn:
		rc, _ = raw.SyscallConn()
	}
	return rc, raw
}

// leastSpliced is from how many bytes at a time on splicing costs less than copying.
const leastSpliced = 8 << 10

// splicer is one direction between two sockets. While it waits for src it
// holds neither pipe nor buffer.
type splicer struct {
	flow     *flow
	src, dst syscall.RawConn

	srcCounter, dstCounter counter // nil for those that do not count

	takeFunc, giveFunc func(fd uintptr) bool // made once, not per step

	pipe   *pipe             // holds what take spliced
	buf    *[busyBuffer]byte // or holds what take read
	off, n int               // of which these are to be given
	err    error             // of the last system call

	patience       patience
	patient        bool // give waits although there is a backlog
	queued         bool // what take got must queue
	eof, refused   bool
	srcErr, dstErr error
}

// step waits for bytes of src and hands them on.
func (s *splicer) step() {
	w := s.flow.watch
	s.flow.waiting.Store(true)
	err := s.src.Read(s.takeFunc)
	s.flow.waiting.Store(false)
	if err == nil && w.asked.Load() {
		w.unpark()
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		switch ends, again := w.parks(s.flow); {
		case ends:
			s.srcErr = errParked
		case !again:
			s.srcErr = err
		}
	case err != nil: // closed
		s.srcErr = err
	case isRefusal(s.err):
		s.refused = true
	case s.err != nil:
		s.srcErr = os.NewSyscallError("read", s.err)
	case s.n == 0:
		s.eof = true
	default:
		w.progress()
		if s.queued {
			s.dstErr = s.flow.put(s.buf[:s.n])
		} else {
			s.empty()
		}
	}
	s.release()
}

// take moves what src has now. Little is read, which costs least. More is spliced, from the first byte on: a stream of which
// a part was copied costs up to a third more from then on. While older bytes wait in the backlog, new ones must queue behind
// them, and are read too. It reports false when there was nothing, and is called again when there is.
func (s *splicer) take(fd uintptr) bool {
	a := s.flow.ahead
	s.off, s.queued = 0, a != nil && !a.empty()
	if s.queued || available(fd) < leastSpliced {
		s.buf = busyBuffers.Get().(*[busyBuffer]byte)
		s.n, s.err = readFD(fd, s.buf[:])
	} else if s.pipe, s.err = getPipe(); s.err == nil {
		s.err = s.pipe.fill(fd)
		s.n = s.pipe.n
	} else {
		s.err = unix.ENOSYS // no descriptors left: copy
	}
	if s.n == 0 || s.err != nil {
		s.release()
	} else if s.srcCounter != nil {
		s.srcCounter.Moved(s.n, 0)
	}
	return s.err != unix.EAGAIN
}

// available returns how many bytes a socket has now, as far as is known.
func available(fd uintptr) int {
	n, err := unix.IoctlGetInt(int(fd), unix.SIOCINQ)
	if err != nil {
		return 0
	}
	return n
}

// empty brings all that take got to dst, or what dst does not take now
// to the backlog.
func (s *splicer) empty() {
	err := s.dst.Write(s.giveFunc)
	if err == nil && s.err == unix.EAGAIN {
		err = s.giveLonger()
	}
	switch {
	case err != nil: // deadline or closed
		s.dstErr = err
		return
	case s.pipe != nil && isRefusal(s.err):
		s.refused = true
	case s.err != nil && s.err != unix.EAGAIN:
		s.dstErr = os.NewSyscallError("write", s.err)
		return
	}
	switch {
	case s.left() == 0:
		return
	case s.pipe == nil:
		s.dstErr = s.flow.put(s.buf[s.off:s.n])
		return
	}
	s.buf = busyBuffers.Get().(*[busyBuffer]byte)
	for s.pipe.n > 0 && s.dstErr == nil {
		n, err := s.pipe.read(s.buf[:])
		if err != nil {
			s.dstErr = os.NewSyscallError("read", err)
			return
		}
		s.dstErr = s.flow.put(s.buf[:n])
	}
}

// left returns how many bytes are to be given.
func (s *splicer) left() int {
	if s.pipe != nil {
		return s.pipe.n
	}
	return s.n - s.off
}

// flush gives as many as fd takes at once.
func (s *splicer) flush(fd uintptr) (n int, err error) {
	if s.pipe != nil {
		return s.pipe.flush(fd)
	}
	n, err = writeFD(fd, s.buf[s.off:s.n])
	s.off += n
	return n, err
}

// give brings bytes to dst. It waits for dst, by reporting false, unless a
// backlog can take the rest.
func (s *splicer) give(fd uintptr) bool {
	for s.err = nil; s.left() > 0 && s.err == nil; {
		var n int
		n, s.err = s.flush(fd)
		s.flow.delivered(n)
		if s.dstCounter != nil && n > 0 {
			s.dstCounter.Moved(0, n)
		}
	}
	return s.err != unix.EAGAIN || s.flow.ahead != nil && !s.patient
}

// giveLonger waits for dst, but not for ever.
func (s *splicer) giveLonger() error {
	s.patient = true
	s.patience.begin()
	err := s.dst.Write(s.giveFunc)
	s.patience.end()
	s.patient = false
	if errors.Is(err, os.ErrDeadlineExceeded) {
		s.err, err = unix.EAGAIN, nil
	}
	return err
}

// release gives back what the step borrowed.
func (s *splicer) release() {
	if s.pipe != nil {
		putPipe(s.pipe)
		s.pipe = nil
	}
	if s.buf != nil {
		busyBuffers.Put(s.buf)
		s.buf = nil
	}
}

// isRefusal reports that splice is not possible here, which is no fault of the
// stream.
func isRefusal(err error) bool {
	return err == unix.EINVAL || err == unix.ENOSYS || err == unix.EPERM
}
