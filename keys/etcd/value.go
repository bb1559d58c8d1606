package etcdkeys

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-i2p/i2psocks/keys"
)

const (
	maxValue   = 64 << 10
	plainText  = "plain\n"
	formerText = "i2p identities\n" // of former versions, whose values have no names in them
	sealedText = "i2p identities 2\n"
)

// retiredName is the name that a retired identity is sealed with.
func retiredName(name string, at time.Time) string { return name + "/" + stamp(at) }

// seal makes the value of an identity.
func (s *Store) seal(ctx context.Context, name string, id keys.Identity) (string, error) {
	if s.Sealer == nil {
		text, err := keys.Export(id, keys.FormatSAM)
		return string(text), err
	}
	sealed, err := keys.SealIdentity(ctx, s.Sealer, name, id)
	return string(sealed), err
}

// open is the way back.
func (s *Store) open(ctx context.Context, name string, raw []byte) (keys.Identity, error) {
	switch {
	case len(raw) > maxValue:
		return keys.Identity{}, fmt.Errorf("%w: size of the value", keys.ErrMalformed)
	case s.Sealer == nil:
		return parsePlain(raw)
	}
	return keys.OpenIdentity(ctx, s.Sealer, name, raw, false)
}

// reseal makes the value of an identity that gets another name. One that cannot be read stays as it is, and
// cannot be read then either.
func (s *Store) reseal(ctx context.Context, raw []byte, from, to string) (string, error) {
	if s.Sealer == nil {
		return string(raw), nil
	}
	id, err := s.open(ctx, from, raw)
	switch {
	case err == nil:
		return s.seal(ctx, to, id)
	case errors.Is(err, keys.ErrMalformed) || errors.Is(err, keys.ErrPassphrase) ||
		errors.Is(err, keys.ErrNotSealed) || errors.Is(err, keys.ErrUnsupported):
		return string(raw), nil
	}
	return "", err
}

func parsePlain(text []byte) (keys.Identity, error) {
	id, format, err := keys.Import(bytes.NewReader(text))
	if err == nil && format != keys.FormatSAM {
		return keys.Identity{}, fmt.Errorf("%w: not the text of an identity", keys.ErrMalformed)
	}
	return id, err
}

// checkSealer makes sure, once, that the values under the prefix are sealed if and
// only if there is a Sealer, and with that one.
func (s *Store) checkSealer(ctx context.Context) error {
	s.mu.Lock()
	checked := s.checked
	s.mu.Unlock()
	if checked {
		return nil
	}
	key := s.root() + "sealed"
	resp, err := s.txn(ctx, nil, clientv3.OpGet(key))
	if err != nil {
		return err
	}
	kv := first(resp, 0)
	if kv == nil {
		return nil // nothing has been saved; markSealer decides
	}
	return s.isSealer(ctx, kv)
}

func (s *Store) isSealer(ctx context.Context, kv *mvccpb.KeyValue) error {
	plain := string(kv.Value) == plainText
	switch {
	case s.Sealer == nil && plain:
		s.isRight([32]byte{})
		return nil
	case s.Sealer == nil:
		return keys.ErrSealed
	case plain:
		return keys.ErrNotSealed
	case len(kv.Value) > maxValue:
		return fmt.Errorf("%w: size of the mark", keys.ErrMalformed)
	}
	text, err := s.Sealer.Open(ctx, kv.Value)
	if err != nil {
		return err
	}
	if string(text) == formerText {
		return s.upgrade(ctx, kv)
	}
	digits, ok := strings.CutPrefix(string(text), sealedText)
	key, err := hex.DecodeString(strings.TrimSuffix(digits, "\n"))
	if !ok || err != nil || len(key) != 32 {
		return fmt.Errorf("%w: the mark of a sealed prefix", keys.ErrMalformed)
	}
	s.isRight([32]byte(key))
	return nil
}

func (s *Store) isRight(key [32]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.checked, s.key = true, key
}

// newMark seals a mark with a new key, and makes sure that it can be read.
func (s *Store) newMark(ctx context.Context) ([]byte, error) {
	var key [32]byte
	rand.Read(key[:]) // never fails: crypto/rand ends the process instead
	text := fmt.Appendf(nil, "%s%x\n", sealedText, key)
	mark, err := s.Sealer.Seal(ctx, bytes.Clone(text))
	if err != nil {
		return nil, err
	}
	back, err := s.Sealer.Open(ctx, bytes.Clone(mark))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read back: %w", err)
	case !bytes.Equal(back, text) || bytes.Contains(mark, text) || len(mark) > maxValue || string(mark) == plainText:
		return nil, fmt.Errorf("%w: the Sealer does not encrypt and open", keys.ErrUnsupported)
	}
	return mark, nil
}

// markSealer decides what the values are sealed with, unless that has been done.
func (s *Store) markSealer(ctx context.Context) error {
	s.mu.Lock()
	checked := s.checked
	s.mu.Unlock()
	if checked {
		return nil
	}
	mark := []byte(plainText)
	if s.Sealer != nil {
		var err error
		if mark, err = s.newMark(ctx); err != nil {
			return err
		}
	}
	key := s.root() + "sealed"
	// Whoever is first decides; checkSealer reads who it was.
	_, err := s.txn(ctx, []clientv3.Cmp{absent(key)}, clientv3.OpPut(key, string(mark)))
	return errors.Join(err, s.checkSealer(ctx))
}
