package streaming

import (
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
)

// How a stream ends other than in order, and why calls are refused. Those about
// the peer wrap the error that a TCP connection would have had.
var (
	// ErrReset reports that the peer has ended the stream by a RESET.
	ErrReset = fmt.Errorf("streaming: %w", syscall.ECONNRESET)
	// ErrRefused reports that the peer has answered a SYN by RESET or CLOSE.
	ErrRefused = fmt.Errorf("streaming: %w", syscall.ECONNREFUSED)
	// ErrTimeout reports a peer that has acknowledged nothing for long.
	ErrTimeout = fmt.Errorf("streaming: %w", syscall.ETIMEDOUT)
	// ErrGone reports a peer that answers pings and does not know the stream any more.
	ErrGone = fmt.Errorf("streaming: the peer has forgotten the stream: %w", syscall.ECONNRESET)
	// ErrClosedByPeer reports a Write when the peer takes no more data: it has closed, and with it both directions.
	ErrClosedByPeer = fmt.Errorf("streaming: %w", syscall.EPIPE)
	// ErrSignature reports a peer that does not prove who it is. It is [packet.ErrSignature].
	ErrSignature = packet.ErrSignature

	// ErrWriteClosed reports a Write after CloseWrite or Close.
	ErrWriteClosed = fmt.Errorf("streaming: closed for writing: %w", io.ErrClosedPipe)
	// ErrClosed reports the use of a stream after Close or Reset.
	ErrClosed = fmt.Errorf("streaming: stream closed: %w", io.ErrClosedPipe)
	// ErrWouldBlock is what Read returns when there is nothing to read yet.
	ErrWouldBlock = errors.New("streaming: nothing to read yet")
	// ErrLimit reports more streams than [Limits] allow.
	ErrLimit = errors.New("streaming: too many streams")
	// ErrPortTaken reports a port that is listened to already.
	ErrPortTaken = fmt.Errorf("streaming: %w", syscall.EADDRINUSE)
	// ErrExhausted reports a stream whose sequence numbers are used up, after some terabytes.
	ErrExhausted = errors.New("streaming: out of sequence numbers")
)
