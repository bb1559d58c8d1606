package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/go-i2p/i2psocks/addrbook"
)

// state is what the folder keeps: own.txt, feeds.txt with one URL in a line, and a file for each feed.
type state struct {
	dir   string
	own   *addrbook.File
	feeds []*addrbook.Subscription
	book  *addrbook.Book
}

func (s *state) open() (err error) {
	if err := makeDir(s.dir); err != nil {
		return err
	}
	if s.own, err = addrbook.OpenFile(filepath.Join(s.dir, "own.txt")); err != nil {
		return err
	}
	s.book = &addrbook.Book{Sources: []addrbook.Source{s.own}}
	f, err := os.Open(s.feedList())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if url := strings.TrimSpace(lines.Text()); url != "" && s.feed(url) == nil {
			s.addFeed(url)
		}
	}
	return lines.Err()
}

func (s *state) feedList() string { return filepath.Join(s.dir, "feeds.txt") }

func (s *state) addFeed(url string) *addrbook.Subscription {
	hash := sha256.Sum256([]byte(url))
	feed := &addrbook.Subscription{URL: url, Path: filepath.Join(s.dir, "feed-"+hex.EncodeToString(hash[:8])+".json"), Book: s.book}
	s.feeds = append(s.feeds, feed)
	s.book.Sources = append(s.book.Sources, feed)
	return feed
}

// remember puts a feed on the list for good.
func (s *state) remember(url string) error {
	f, err := os.OpenFile(s.feedList(), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString("\n" + url + "\n") // a crash may have left half a line
	return errors.Join(err, f.Sync(), f.Close(), syncDir(s.dir))
}

// makeDir makes a folder and those above it, which are there for good when it returns.
func makeDir(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	above := filepath.Dir(path)
	if above != path {
		if err := makeDir(above); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(above)
}

// syncDir makes the entries of a folder last, where the system can.
func syncDir(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

func (s *state) feed(url string) *addrbook.Subscription {
	i := slices.IndexFunc(s.feeds, func(f *addrbook.Subscription) bool { return f.URL == url })
	if i < 0 {
		return nil
	}
	return s.feeds[i]
}

// all yields each name once, from the source that decides.
func (s *state) all() []row {
	var rows []row
	seen := make(map[string]bool)
	collect := func(from string, l addrbook.Lister) {
		for name, a := range l.All() {
			if !seen[name] {
				seen[name] = true
				rows = append(rows, newRow(name, a, from))
			}
		}
	}
	collect("own", s.own)
	for _, f := range s.feeds {
		collect(f.URL, f)
	}
	return rows
}
