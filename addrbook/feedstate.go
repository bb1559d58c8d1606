package addrbook

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/go-i2p/i2psocks/keys"
)

// feedState is all that is kept of a subscription, in one file: what the feed
// said, and the validators that tell whether it says something new.
type feedState struct {
	Version      int                   `json:"version"`
	URL          string                `json:"url"`
	ETag         string                `json:"etag,omitempty"`
	LastModified string                `json:"last_modified,omitempty"`
	Fetched      time.Time             `json:"fetched,omitzero"`
	Entries      map[string]*feedEntry `json:"entries"`
}

const stateVersion = 1

var errState = errors.New("not the state of this subscription")

func newState(url string) *feedState {
	return &feedState{Version: stateVersion, URL: url, Entries: make(map[string]*feedEntry)}
}

func (st *feedState) text() []byte {
	b, _ := json.Marshal(st)
	return b
}

// loadState reads what save wrote for the same feed; it is empty if there is no file.
func loadState(path, url string, maxSize int64, read bool) (*feedState, stamp, error) {
	f, err := openKept(path, maxSize, read)
	if err != nil {
		return nil, nil, err
	}
	if f == nil {
		return newState(url), nil, nil
	}
	defer f.Close()
	stamp, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	st, err := readState(f, url, maxSize)
	return st, stamp, err
}

func readState(r io.Reader, url string, maxSize int64) (*feedState, error) {
	st := newState(url)
	dec := json.NewDecoder(bufio.NewReader(io.LimitReader(r, maxSize)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(st); err != nil {
		return nil, fmt.Errorf("addrbook: state: %w", err)
	}
	if err := st.check(url); err != nil {
		return nil, fmt.Errorf("addrbook: state: %w", err)
	}
	return st, nil
}

func (st *feedState) check(url string) error {
	if st.Version != stateVersion || st.URL != url || st.Entries == nil {
		return errState
	}
	for name, e := range st.Entries {
		if canon, err := canonical(name); err != nil || canon != name || e == nil {
			return errState
		}
		if slices.ContainsFunc(e.Dests, keys.Destination.IsZero) || len(e.Dests) > maxDests {
			return errState
		}
	}
	if !validator(st.ETag) || !validator(st.LastModified) {
		return errState
	}
	return nil
}

// save replaces the file, which nobody else may write meanwhile.
func (st *feedState) save(path string, maxSize int64) (stamp, error) {
	if path == "" {
		return nil, nil
	}
	err := writeFile(replacement{path: path, write: func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		return enc.Encode(st)
	}, check: func(r io.Reader) error {
		back, err := readState(r, st.URL, maxSize)
		if err == nil && len(back.Entries) != len(st.Entries) {
			err = errReadBack
		}
		return err
	}})
	if err != nil {
		return nil, err
	}
	return stampOf(path)
}

// validator reports whether a header of a feed may be kept and sent back to it.
func validator(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return len(s) <= 256
}
