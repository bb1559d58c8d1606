package addrbook

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/proxy"
)

const (
	jumpTime = 4 * time.Minute // a dial may take three
	maxJump  = 256 << 10       // bytes of an answer
)

// Jump asks jump services, which are sites that know names, for a name. They learn the name, and that somebody asked
// for it.
type Jump struct {
	// Services are addresses in I2P to which the name is appended, such as
	// "http://stats.i2p/cgi-bin/jump.cgi?a=". They are asked in this order.
	Services []string

	// Dialer and Roots are as those of a [Subscription].
	Dialer proxy.ContextDialer
	Roots  []*x509.Certificate
}

// Ask asks the services for a name, one after the other, until the loop ends: stopping at the first answer reveals
// the name to the fewest. Each service yields one proposal or one error, within 4 min; a service that does not know
// the name yields [ErrNotFound].
func (j *Jump) Ask(ctx context.Context, name string) iter.Seq2[Proposal, error] {
	return func(yield func(Proposal, error) bool) {
		name, err := canonical(name)
		if err != nil {
			yield(Proposal{}, err)
			return
		}
		for _, service := range j.Services {
			p, err := j.ask(ctx, service, name)
			if err != nil {
				p = Proposal{}
				err = &SourceError{"jump service", err}
			}
			if !yield(p, err) || ctx.Err() != nil {
				return
			}
		}
	}
}

func (j *Jump) ask(ctx context.Context, service, name string) (Proposal, error) {
	ctx, cancel := context.WithTimeout(ctx, jumpTime)
	defer cancel()
	v := visitor{j.Dialer, j.Roots}
	req, err := v.request(ctx, service+name)
	if err != nil {
		return Proposal{}, err
	}
	resp, end, err := v.get(req, false)
	if err != nil {
		return Proposal{}, err
	}
	defer end()
	defer resp.Body.Close()
	p, err := readJump(resp, name)
	p.Source = req.URL.Hostname()
	return p, err
}

// readJump reads a redirect to the site, or a page or text that tells the
// destination.
func readJump(resp *http.Response, name string) (Proposal, error) {
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect:
		p, _, err := ParseAddressHelper(resp.Header.Get("Location"))
		if err == nil && p.Name != name {
			err = refuse("an answer for another name")
		}
		return p, err
	case http.StatusNotFound:
		return Proposal{}, ErrNotFound
	case http.StatusOK:
		body, err := io.ReadAll(&capped{r: resp.Body, left: maxJump})
		if err != nil {
			return Proposal{}, err
		}
		return findProposal(string(body), name)
	}
	return Proposal{}, fmt.Errorf("%w: status %d", ErrRefused, resp.StatusCode)
}

// findProposal looks for "name=destination", a destination alone, and links with
// an address helper. All that are found must agree.
func findProposal(body, name string) (found Proposal, err error) {
	text := strings.TrimSpace(body)
	if a, err := ParseAddress(strings.TrimPrefix(text, name+"=")); err == nil {
		return Proposal{Name: name, Address: a}, nil
	}
	err = ErrNotFound
	for rest := body; ; {
		var ok bool
		if _, rest, ok = strings.Cut(rest, "//"+name+"/?"+helperKey+"="); !ok {
			return found, err
		}
		value, perr := url.PathUnescape(rest[:helperLen(rest)])
		var p Proposal
		if perr == nil {
			p, perr = propose(name, value)
		}
		switch {
		case perr != nil:
		case errors.Is(err, ErrNotFound):
			found, err = p, nil
		case !p.Address.Same(found.Address):
			return Proposal{}, refuse("an answer with two destinations")
		}
	}
}

// helperLen returns how much of s can belong to a destination or base32 name.
func helperLen(s string) int {
	for i := range len(s) {
		c := s[i]
		if !('A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || strings.IndexByte("-~=.%", c) >= 0) {
			return i
		}
	}
	return len(s)
}

// Format prints the type alone, whatever the verb.
func (j Jump) Format(w fmt.State, _ rune) { io.WriteString(w, "addrbook.Jump") }
