package addrbook

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

// The bounds of a feed. The first holds for what is sent, and again for what that
// is unpacked to.
const (
	maxFeed   = 5 << 20 // bytes
	maxLines  = 60_000
	fetchTime = 5 * time.Minute
)

// fetched is a feed as it came, or that it has not changed.
type fetched struct {
	notModified        bool
	etag, lastModified string
	lines              []Record
	numbers            []int // of the lines, from 1
	count              int   // of lines
	problems           []*HostsError
	invalid            int
}

// fetch reads a whole feed, if it has changed. It changes nothing.
func (st *feedState) fetch(ctx context.Context, v visitor) (*fetched, error) {
	req, err := v.request(ctx, st.URL)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept-Encoding", "gzip") // by hand, so that the bound holds for what is sent
	if st.ETag != "" {
		req.Header.Set("If-None-Match", st.ETag)
	}
	if st.LastModified != "" {
		req.Header.Set("If-Modified-Since", st.LastModified)
	}
	resp, end, err := v.get(req, true)
	if err != nil {
		return nil, err
	}
	defer end()
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNotModified && st.ETag+st.LastModified != "" {
		return &fetched{notModified: true}, nil
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: status %d", ErrRefused, resp.StatusCode)
	}
	f, err := readFeed(resp)
	if err != nil {
		return nil, err
	}
	if resp.Request.URL.Host != req.URL.Host {
		return f, nil // the marks are another site's
	}
	if f.etag = resp.Header.Get("ETag"); !validator(f.etag) {
		f.etag = ""
	}
	if f.lastModified = resp.Header.Get("Last-Modified"); !validator(f.lastModified) {
		f.lastModified = ""
	}
	return f, nil
}

// readFeed reads the body of a response to its end.
func readFeed(resp *http.Response) (*fetched, error) {
	var body io.Reader = &capped{r: resp.Body, left: maxFeed}
	switch resp.Header.Get("Content-Encoding") {
	case "gzip":
		unzip, err := gzip.NewReader(body)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrRefused, err)
		}
		body = &capped{r: unzip, left: maxFeed}
	case "", "identity":
		if resp.ContentLength < 0 && !slices.Contains(resp.TransferEncoding, "chunked") {
			body = &ended{r: body}
		}
	default:
		return nil, refuse("an encoding that was not asked for")
	}
	return parseFeed(body)
}

// parseFeed reads a feed line by line. A line that is wrong is left out; a text
// of which most lines are wrong is no feed.
func parseFeed(r io.Reader) (*fetched, error) {
	f := new(fetched)
	for line, err := range HostsLines(r) {
		var bad *HostsError
		if errors.As(err, &bad) && bad.Read {
			return nil, bad.Err
		}
		if f.count++; f.count > maxLines {
			return nil, refuse("too many lines")
		}
		var record Record
		if err == nil {
			if record, err = ParseRecord(line.Text); err != nil {
				bad = &HostsError{Line: line.Number, Err: err}
			}
		}
		switch {
		case err != nil:
			f.invalid++
			if len(f.problems) < maxProblems {
				f.problems = append(f.problems, bad)
			}
		case record.Name != "" || len(record.Properties) > 0:
			f.lines = append(f.lines, record)
			f.numbers = append(f.numbers, line.Number)
		}
	}
	if len(f.lines) == 0 || f.invalid > len(f.lines) {
		return nil, refuse(fmt.Sprintf("not a feed: %d lines of %d are wrong", f.invalid, f.count))
	}
	return f, nil
}

// capped fails when more comes than may.
type capped struct {
	r    io.Reader
	left int
}

func (c *capped) Read(p []byte) (int, error) {
	n, err := c.r.Read(p[:min(len(p), c.left+1)])
	if c.left -= n; c.left < 0 {
		return 0, refuse("too many bytes")
	}
	return n, err
}

// ended takes the end of a body whose length nobody told for the whole only if
// it is the end of a line.
type ended struct {
	r    io.Reader
	last byte
}

func (e *ended) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if n > 0 {
		e.last = p[n-1]
	}
	if err == io.EOF && e.last != '\n' {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
