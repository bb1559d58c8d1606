package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net"
)

// order is what a visitor sends first: who it is, whom it means to visit, and how many bytes go up and down. A checksum
// tells an order that was damaged from one that was never sent.
type order struct {
	nonce         uint64
	up, down      uint32
	visitor, site string
}

const magic = "faults 1"

func (o order) append(b []byte) []byte {
	start := len(b)
	b = append(b, magic...)
	b = binary.BigEndian.AppendUint64(b, o.nonce)
	b = binary.BigEndian.AppendUint32(b, o.up)
	b = binary.BigEndian.AppendUint32(b, o.down)
	for _, s := range []string{o.visitor, o.site} {
		b = append(append(b, byte(len(s))), s...)
	}
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[start:]))
}

// errWrong is something that a fault does not explain.
var errWrong = errors.New("wrong")

// readOrder reads an order. It fails with errWrong if what comes is no beginning of one.
func readOrder(r io.Reader) (o order, err error) {
	var all bytes.Buffer
	r = io.TeeReader(r, &all)
	head := make([]byte, len(magic)+16)
	n, err := io.ReadFull(r, head)
	if known := min(n, len(magic)); string(head[:known]) != magic[:known] {
		return o, fmt.Errorf("%w: a stream begins with %q", errWrong, head[:n])
	}
	if err != nil {
		return o, err
	}
	numbers := head[len(magic):]
	o.nonce, o.up, o.down = binary.BigEndian.Uint64(numbers), binary.BigEndian.Uint32(numbers[8:]), binary.BigEndian.Uint32(numbers[12:])
	for _, s := range []*string{&o.visitor, &o.site} {
		var length [1]byte
		if _, err := io.ReadFull(r, length[:]); err != nil {
			return o, err
		}
		text := make([]byte, length[0])
		if _, err := io.ReadFull(r, text); err != nil {
			return o, err
		}
		*s = string(text)
	}
	want := crc32.ChecksumIEEE(all.Bytes())
	var sum [4]byte
	if _, err := io.ReadFull(r, sum[:]); err != nil {
		return o, err
	}
	if binary.BigEndian.Uint32(sum[:]) != want {
		return o, fmt.Errorf("%w: an order was damaged: %q", errWrong, all.Bytes())
	}
	return o, nil
}

// body is what goes one way in an exchange: no two are the same anywhere.
func body(nonce uint64, direction byte) io.Reader {
	var seed [32]byte
	binary.BigEndian.PutUint64(seed[:], nonce)
	seed[8] = direction
	return rand.NewChaCha8(seed)
}

// check reads n bytes, all of which must be those of the body. It returns how many were.
func check(r io.Reader, nonce uint64, direction byte, n int64) (read int64, err error) {
	want := body(nonce, direction)
	var got, should [16 << 10]byte
	for read < n {
		m, err := r.Read(got[:min(int64(len(got)), n-read)])
		io.ReadFull(want, should[:m])
		if !bytes.Equal(got[:m], should[:m]) {
			return read, fmt.Errorf("%w: bytes %d to %d of %d going %c are others", errWrong, read, read+int64(m), n, direction)
		}
		if read += int64(m); err != nil && read < n {
			return read, err
		}
	}
	return read, nil
}

// done is the last byte of the site: what went up has arrived.
const done = 'D'

// answer is the site's part of an exchange.
func answer(conn net.Conn, o order, r *bufio.Reader) (read int64, err error) {
	sent := make(chan error, 1)
	go func() {
		_, err := io.CopyN(conn, body(o.nonce, 'd'), int64(o.down))
		sent <- err
	}()
	if read, err = check(r, o.nonce, 'u', int64(o.up)); err != nil {
		conn.Close() // or the other direction would wait for the visitor
		<-sent
		return read, err
	}
	if err := <-sent; err != nil {
		return read, err
	}
	_, err = conn.Write([]byte{done})
	return read, err
}

// ask is the visitor's part. leave, if not negative, is how many bytes it waits for before it goes away.
func ask(conn net.Conn, o order, leave int64) (read int64, err error) {
	sent := make(chan error, 1)
	go func() {
		_, err := conn.Write(o.append(nil))
		if err == nil {
			_, err = io.CopyN(conn, body(o.nonce, 'u'), int64(o.up))
		}
		sent <- err
	}()
	defer func() {
		conn.Close()
		<-sent
	}()
	if leave >= 0 {
		return check(conn, o.nonce, 'd', min(leave, int64(o.down)))
	}
	if read, err = check(conn, o.nonce, 'd', int64(o.down)); err != nil {
		return read, err
	}
	rest := make([]byte, 2)
	n, err := io.ReadAtLeast(conn, rest, 1)
	if n > 0 && rest[0] != done || n > 1 {
		return read, fmt.Errorf("%w: behind the end is %q", errWrong, rest[:n])
	}
	return read, err
}
