package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/addrbook"
)

// subscribe keeps a feed on the list only if it could be fetched.
func (t *tool) subscribe(ctx context.Context, args []string) error {
	if t.feed(args[0]) != nil {
		return errors.New("subscribed to already")
	}
	feed := t.addFeed(args[0])
	if err := t.fetch(ctx, feed); err != nil {
		return err
	}
	return t.remember(feed.URL)
}

func (t *tool) update(ctx context.Context, _ []string) error {
	if len(t.feeds) == 0 {
		return errors.New("no subscriptions")
	}
	return t.fetch(ctx, t.feeds...)
}

// fetch uses a fresh identity, and gives no feed back what it could know it by.
func (t *tool) fetch(ctx context.Context, feeds ...*addrbook.Subscription) error {
	ep := &i2psocks.Endpoint{SAM: t.sam, Name: "hosts"}
	defer ep.Close()
	fmt.Fprintln(t.stderr, "building tunnels")
	if err := ep.Up(ctx); err != nil {
		return err
	}
	var errs []error
	for _, f := range slices.Clone(feeds) {
		f.Dialer = ep
		fmt.Fprintln(t.stderr, "fetching", f.URL)
		err := f.ForgetVisits()
		var r addrbook.Report
		if err == nil {
			r, err = f.Fetch(ctx)
		}
		errs = append(errs, err, t.report(f.URL, r, err))
	}
	return errors.Join(errs...)
}

func (t *tool) report(url string, r addrbook.Report, err error) error {
	o := outcome{Feed: url, Lines: r.Lines, Applied: r.Applied, Unchanged: r.Unchanged, Wrong: r.Invalid + r.Refused}
	if err != nil {
		o.Error = err.Error()
	}
	for _, p := range r.Problems {
		o.Problems = append(o.Problems, p.Error())
	}
	for _, c := range r.Conflicts {
		o.conflict(c)
	}
	return t.outcome(o)
}
