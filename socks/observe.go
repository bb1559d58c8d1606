package socks

import (
	"context"
	"io"
)

// maxHeld bounds what an [Observer] may withhold of a stream.
const maxHeld = 16 << 10

// Observer receives the first bytes that a client and its peer send. It must not keep or change them. No method is
// called concurrently with itself, but Sent and Received may run at the same time. An Observer that panics is not
// called again; where possible the panic counts as an error.
type Observer interface {
	// Sent is called with the next bytes that the client has sent, before they are forwarded; end reports that none
	// will follow. If it returns hold, the bytes are withheld until the next call, up to 16 KiB in all. If it does
	// not return more, it is not called again. An error ends the stream, and withheld bytes are not forwarded.
	Sent(b []byte, end bool) (hold, more bool, err error)
	// Received is called with the next bytes that the peer has sent, before they are forwarded. If it does not return
	// more, it is not called again.
	Received(b []byte) (more bool)
	// Datagram is called with a datagram of an association before it is sent to host. If it does not return more, it
	// is not called again. An error ends the association, and the datagram is not sent.
	Datagram(host string, b []byte) (more bool, err error)
}

// observe shows a request, with the host that a virtual address stands for.
func (c *conn) observe(ctx context.Context, req *Request) (err error) {
	if c.srv.Observe == nil {
		return nil
	}
	own := *req
	if err := c.srv.devirtualise(&own); err != nil {
		return err
	}
	defer c.srv.contain("Observe", &err)
	o, err := c.srv.Observe(ctx, &own)
	if o != nil {
		c.observer = contained{o, c.srv}
	}
	return err
}

// contained is an Observer that may panic, which ends what it has to decide on.
type contained struct {
	observer Observer
	srv      *Server
}

func (o contained) Sent(b []byte, end bool) (hold, more bool, err error) {
	defer o.srv.contain("Observer.Sent", &err)
	return o.observer.Sent(b, end)
}

func (o contained) Received(b []byte) (more bool) {
	var panicked error
	defer o.srv.contain("Observer.Received", &panicked)
	return o.observer.Received(b)
}

func (o contained) Datagram(host string, b []byte) (more bool, err error) {
	defer o.srv.contain("Observer.Datagram", &err)
	return o.observer.Datagram(host, b)
}

// look has the signature of [Observer.Sent].
type look func(b []byte, end bool) (hold, more bool, err error)

// looks returns what is to see each direction of a stream, nil for an observer that is none.
func looks(o Observer) (sent, received look) {
	if o == nil {
		return nil, nil
	}
	return o.Sent, func(b []byte, end bool) (bool, bool, error) { return false, !end && o.Received(b), nil }
}

// sample delivers early and what src sends after it as long as the observer wants to see it. It is over when src
// or dst has ended, or the observer ends the stream.
func (f *flow) sample(early []byte) (srcErr, dstErr error, over bool) {
	buf := make([]byte, 2*quietBuffer)
	var held []byte
	for b := early; ; {
		if len(b) > 0 || over {
			hold, more, err := f.look(b, over)
			if err != nil {
				f.watch.end(err)
				return nil, err, true
			}
			held = append(held, b...)
			if !hold || !more || over || len(held) > maxHeld {
				if dstErr = f.pass(held); dstErr != nil {
					return nil, dstErr, true
				}
				held = held[:0]
			}
			if over || !more {
				return srcErr, nil, over
			}
		}
		n, err := f.src.Read(buf)
		b, over = buf[:n], err != nil
		if err != io.EOF {
			srcErr = err
		}
	}
}
