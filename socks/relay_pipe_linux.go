package socks

import (
	"runtime"
	"sync"

	"golang.org/x/sys/unix"
)

// pipeSize is asked of the kernel for each pipe; it may give less. A smaller
// one costs measurably more CPU per byte.
const pipeSize = 1 << 20

// pipe is a kernel buffer between two sockets; n bytes are in it.
type pipe struct {
	r, w    int
	n       int
	cleanup runtime.Cleanup
}

// pipes holds empty pipes between their uses. What the pool lets go, the
// garbage collector closes, so there are no more than were in use at once.
var pipes sync.Pool

func getPipe() (*pipe, error) {
	if p, ok := pipes.Get().(*pipe); ok {
		return p, nil
	}
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return nil, err
	}
	unix.FcntlInt(uintptr(fds[0]), unix.F_SETPIPE_SZ, pipeSize) // else the default serves
	p := &pipe{r: fds[0], w: fds[1]}
	p.cleanup = runtime.AddCleanup(p, closePipe, fds)
	return p, nil
}

// putPipe gives p back. A pipe that still holds bytes of one stream must never
// meet another one: it is closed.
func putPipe(p *pipe) {
	if p.n == 0 {
		pipes.Put(p)
		return
	}
	p.cleanup.Stop()
	closePipe([2]int{p.r, p.w})
}

// dropPipes closes the pipes that nobody uses, and reports whether there were any.
func dropPipes() (found bool) {
	for {
		p, ok := pipes.Get().(*pipe)
		if !ok {
			return found
		}
		p.cleanup.Stop()
		closePipe([2]int{p.r, p.w})
		found = true
	}
}

func closePipe(fds [2]int) {
	unix.Close(fds[0])
	unix.Close(fds[1])
}

// fill moves what fd has into the empty pipe; p.n stays 0 at the end of fd.
func (p *pipe) fill(fd uintptr) error {
	n, err := splice(int(fd), p.w, pipeSize)
	p.n = n
	return err
}

// flush moves bytes out to fd, as many as it takes at once.
func (p *pipe) flush(fd uintptr) (int, error) {
	n, err := splice(p.r, int(fd), p.n)
	if n == 0 && err == nil {
		err = unix.EINVAL // no progress: read it out instead
	}
	p.n -= n
	return n, err
}

// read takes bytes out into b.
func (p *pipe) read(b []byte) (int, error) {
	n, err := readFD(uintptr(p.r), b[:min(len(b), p.n)])
	p.n -= n
	return n, err
}

func splice(from, to, size int) (int, error) {
	for {
		n, err := unix.Splice(from, nil, to, nil, size, unix.SPLICE_F_MOVE|unix.SPLICE_F_NONBLOCK)
		if err != unix.EINTR {
			return max(0, int(n)), err
		}
	}
}

func readFD(fd uintptr, b []byte) (int, error) {
	for {
		n, err := unix.Read(int(fd), b)
		if err != unix.EINTR {
			return max(0, n), err
		}
	}
}

func writeFD(fd uintptr, b []byte) (int, error) {
	for {
		n, err := unix.Write(int(fd), b)
		if err != unix.EINTR {
			return max(0, n), err
		}
	}
}
