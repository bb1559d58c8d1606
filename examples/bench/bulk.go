package main

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// bulk moves bytes in each direction, by one stream and by many.
func (b *bench) bulk(ctx context.Context, r *relay, round int) error {
	for _, streams := range []int{1, workers} {
		for _, way := range []struct {
			name string
			move func(r *relay, n int) error
		}{{"download", download}, {"upload", upload}} {
			if err := ctx.Err(); err != nil {
				return err
			}
			var wg sync.WaitGroup
			errs := make([]error, streams)
			before, began := r.cpu(), time.Now()
			for i := range streams {
				wg.Go(func() { errs[i] = way.move(r, b.mebibytes<<20/streams) })
			}
			wg.Wait()
			if err := errors.Join(errs...); err != nil {
				return err
			}
			moved, cpu := float64(b.mebibytes), r.cpu()-before
			b.results.add(r.name, way.name, streams, round, moved/time.Since(began).Seconds())
			if r.child != nil && measuresProcesses {
				b.results.add(r.name, "CPU of "+way.name, streams, round, cpu.Seconds()*1000*1024/moved)
			}
		}
	}
	return nil
}

func download(r *relay, n int) error {
	conn, err := r.open(sendBytes, n)
	if err != nil {
		return err
	}
	defer conn.Close()
	return discard(conn, n)
}

func discard(conn net.Conn, n int) error {
	buf := make([]byte, min(n, len(block)))
	for n > 0 {
		m, err := conn.Read(buf[:min(n, len(buf))])
		if err != nil {
			return err
		}
		n -= m
	}
	return nil
}

func upload(r *relay, n int) error {
	conn, err := r.open(receiveBytes, n)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := write(conn, int64(n)); err != nil {
		return err
	}
	var b [1]byte
	_, err = io.ReadFull(conn, b[:])
	return err
}
