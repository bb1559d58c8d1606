// Package inetdiag asks Linux about single TCP sockets of this machine, whoever has them: by the netlink protocol
// sock_diag(7), with exact questions about one connection, which cost some 10 µs and no privileges.
package inetdiag

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
)

// State is the state of a TCP socket, with Linux's numbers.
type State uint8

// The states that tell what became of a connection.
const (
	Established State = 1
	FinWait2    State = 5 // has ended its direction, and may still read
	TimeWait    State = 6
	CloseWait   State = 8 // the other side has ended its direction
)

// Info is what the system knows of a socket.
type Info struct {
	State State
	// Inode is the number of the socket among the open files, 0 if no program has it: it was closed, perhaps by the
	// end of its program, or nobody has accepted it yet.
	Inode uint32
	// UID is the user who made the socket. It means nothing if Inode is 0.
	UID uint32
	// Unread is how many bytes have come that the program has not read.
	Unread uint32
}

// Client asks over one netlink socket, which the first question opens. The zero value is ready. Its methods may be
// called by several goroutines at once.
//
// Questions fail with [errors.ErrUnsupported] where they may not be asked, or make no sense: on other systems, in a
// sandbox, and for connections of another network namespace. A question is given up after 100 ms, with
// [os.ErrDeadlineExceeded]; Peer asks two.
type Client struct{ client }

// Peer returns what the system knows of the other end of conn, if that is a socket of this machine. If it knows none,
// the error is [fs.ErrNotExist]: the other end is elsewhere, is behind a translation of addresses, or is gone without a
// trace.
//
// [fs.ErrNotExist]: https://pkg.go.dev/io/fs#ErrNotExist
func (c *Client) Peer(conn *net.TCPConn) (Info, error) { return c.client.peer(conn) }

// TCP returns what the system knows of the socket that is connected from local to remote.
// There may be none: [fs.ErrNotExist].
//
// [fs.ErrNotExist]: https://pkg.go.dev/io/fs#ErrNotExist
func (c *Client) TCP(local, remote netip.AddrPort) (Info, error) { return c.client.tcp(local, remote) }

// Close closes the netlink socket. A question that comes later opens another one.
func (c *Client) Close() error { return c.client.close() }

func unsupported(err error) error { return fmt.Errorf("inet_diag: %w: %w", errors.ErrUnsupported, err) }
