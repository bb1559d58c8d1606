package socks

import (
	"net"

	"golang.org/x/sys/unix"
)

// awaitGone waits, after the end of what c sends, until c can take nothing either, and is false if
// it cannot know that, or when a deadline ends the waiting. A half-closed c still reads and is not gone.
//
// The kernel hangs up (POLLHUP) when both directions are over. On a unix socket that is the moment
// when the other program closes it or dies. TCP has but one message, FIN, for a half-close and for a
// close; only a reset tells more, which comes when what is written to c finds nobody. To probe by
// writing is out of the question: every byte belongs to the stream. So a TCP client that has gone
// between its last byte and the peer's next is found out by that byte or by the time-out.
func awaitGone(c net.Conn) bool {
	rc, _ := socket(c)
	if rc == nil {
		return false
	}
	gone := false
	err := rc.Read(func(fd uintptr) bool {
		fds := []unix.PollFd{{Fd: int32(fd)}} // asks for nothing: POLLHUP and POLLERR come anyway
		_, err := unix.Poll(fds, 0)
		gone = err == nil && fds[0].Revents&(unix.POLLHUP|unix.POLLERR) != 0
		return gone
	})
	return gone && err == nil
}
