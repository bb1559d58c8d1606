package ageseal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"filippo.io/age"

	"github.com/go-i2p/i2psocks/keys"
)

const (
	defaultWorkFactor = 18 // as the age command: 256 MiB, about a second
	maxWorkFactor     = 22 // 4 GiB
	maxPlain          = 64 << 10
	intro             = "age-encryption.org/v1\n"
)

var errNotIntact = fmt.Errorf("%w: not an intact age file", keys.ErrMalformed)

// Sealer is a [keys.Sealer], made by [Passphrase] or [Keys]. It is safe for
// concurrent use once WorkFactor is set.
type Sealer struct {
	// WorkFactor is the logarithm to base 2 of the cost of a passphrase, in
	// memory and time: each step doubles both. 0 is 18, about a second and 256
	// MiB; the most is 22. Files that cost more than this and more than 18 are
	// refused unread. It has no meaning for keys.
	WorkFactor int

	costly bool // the work factor counts

	// Funcs, because nothing that prints can look into one.
	recipients func(workFactor int) ([]age.Recipient, error)
	identities func(workFactor int) ([]age.Identity, error)
}

var _ keys.Sealer = (*Sealer)(nil)

// Passphrase returns a Sealer for a passphrase, which must not be empty. All
// of it counts: a newline at the end of a file is the caller's to cut. In a process
// one Sealer at a time works on a passphrase, for the memory it takes; waiting ends with the context.
func Passphrase(passphrase string) (*Sealer, error) {
	if passphrase == "" {
		return nil, fmt.Errorf("ageseal: %w: it is empty", keys.ErrPassphrase)
	}
	return &Sealer{
		costly: true,
		recipients: func(workFactor int) ([]age.Recipient, error) {
			r, err := age.NewScryptRecipient(passphrase)
			if err != nil {
				return nil, err
			}
			r.SetWorkFactor(workFactor)
			return []age.Recipient{r}, nil
		},
		identities: func(workFactor int) ([]age.Identity, error) {
			id, err := age.NewScryptIdentity(passphrase)
			if err != nil {
				return nil, err
			}
			limit := max(workFactor, defaultWorkFactor)
			id.SetMaxWorkFactor(limit)
			return []age.Identity{capped{id, limit}}, nil
		},
	}, nil
}

// Keys returns a Sealer that encrypts to recipients and decrypts with
// identities, such as [age.ParseIdentities] reads from a key file. One of the
// identities must be able to open what is sealed; more recipients are for those
// who keep a spare key elsewhere.
//
// The error wraps [keys.ErrPassphrase] if no identity fits.
func Keys(identities []age.Identity, recipients ...age.Recipient) (*Sealer, error) {
	s := &Sealer{
		recipients: func(int) ([]age.Recipient, error) { return recipients, nil },
		identities: func(int) ([]age.Identity, error) { return identities, nil },
	}
	if len(identities) == 0 || len(recipients) == 0 {
		return nil, fmt.Errorf("ageseal: %w: no identity or no recipient", keys.ErrPassphrase)
	}
	sealed, err := s.Seal(context.Background(), []byte("probe"))
	if err == nil {
		_, err = s.Open(context.Background(), sealed)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Seal implements [keys.Sealer]. It cannot be interrupted half-way.
func (s *Sealer) Seal(ctx context.Context, plain []byte) ([]byte, error) {
	sealed, err := s.seal(ctx, plain)
	if err != nil {
		return nil, fmt.Errorf("ageseal: encrypt: %w", err)
	}
	return sealed, nil
}

func (s *Sealer) seal(ctx context.Context, plain []byte) ([]byte, error) {
	workFactor, err := s.workFactor(ctx)
	if err != nil {
		return nil, err
	}
	recipients, err := s.recipients(workFactor)
	if err != nil {
		return nil, err
	}
	done, err := s.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	var out bytes.Buffer
	w, err := age.Encrypt(&out, recipients...)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// Open implements [keys.Sealer]. The error wraps [keys.ErrPassphrase],
// [keys.ErrMalformed] or, for a file that asks for too much work,
// [keys.ErrUnsupported].
func (s *Sealer) Open(ctx context.Context, sealed []byte) ([]byte, error) {
	plain, err := s.open(ctx, sealed)
	if err != nil {
		return nil, fmt.Errorf("ageseal: decrypt: %w", err)
	}
	return plain, nil
}

func (s *Sealer) open(ctx context.Context, sealed []byte) ([]byte, error) {
	workFactor, err := s.workFactor(ctx)
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(sealed, []byte(intro)) {
		return nil, errNotIntact // age would repeat in its error what may be a plain key
	}
	identities, err := s.identities(workFactor)
	if err != nil {
		return nil, err
	}
	done, err := s.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	r, err := age.Decrypt(bytes.NewReader(sealed), identities...)
	mismatch := new(age.NoIdentityMatchError)
	switch {
	case errors.As(err, &mismatch):
		return nil, keys.ErrPassphrase
	case errors.Is(err, keys.ErrUnsupported):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errNotIntact, err)
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxPlain+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNotIntact, err)
	}
	if len(plain) > maxPlain {
		return nil, fmt.Errorf("%w: too large", errNotIntact)
	}
	return plain, nil
}

// working holds a value while a passphrase is worked on, by whichever Sealer of the process: each takes hundreds of
// megabytes, and a program may start all its identities at once.
var working = make(chan struct{}, 1)

// turn waits until nobody else works on a passphrase.
func (s *Sealer) turn(ctx context.Context) (done func(), err error) {
	if !s.costly {
		return func() {}, nil
	}
	select {
	case working <- struct{}{}:
		return func() { <-working }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// capped refuses a costly file as age does, with an error that callers can tell.
type capped struct {
	age.Identity
	workFactor int
}

func (c capped) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	for _, s := range stanzas {
		if s.Type != "scrypt" || len(s.Args) != 2 {
			continue
		}
		if n, err := strconv.Atoi(s.Args[1]); err == nil && n > c.workFactor {
			return nil, fmt.Errorf("%w: work factor %d", keys.ErrUnsupported, n)
		}
	}
	return c.Identity.Unwrap(stanzas)
}

func (s *Sealer) workFactor(ctx context.Context) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	switch {
	case s.recipients == nil:
		return 0, fmt.Errorf("%w: none was set", keys.ErrPassphrase)
	case s.WorkFactor < 0 || s.WorkFactor > maxWorkFactor:
		return 0, fmt.Errorf("work factor %d is not in 1 to %d", s.WorkFactor, maxWorkFactor)
	case s.WorkFactor == 0:
		return defaultWorkFactor, nil
	}
	return s.WorkFactor, nil
}
