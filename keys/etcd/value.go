package etcdkeys

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-i2p/i2psocks/keys"
)

const (
	maxValue   = 64 << 10
	plainText  = "plain\n"
	sealedText = "i2p identities\n"
)

// seal makes the value of an identity, the bytes of a file of keys.Dir.
func (s *Store) seal(ctx context.Context, id keys.Identity) (string, error) {
	text, err := keys.Export(id, keys.FormatSAM)
	if err != nil {
		return "", err
	}
	if s.Sealer != nil {
		text, err = s.Sealer.Seal(ctx, text)
	}
	if err == nil && len(text) > maxValue {
		err = fmt.Errorf("%w: size of the sealed value", keys.ErrUnsupported)
	}
	return string(text), err
}

// open is the way back.
func (s *Store) open(ctx context.Context, raw []byte) (keys.Identity, error) {
	if len(raw) > maxValue {
		return keys.Identity{}, fmt.Errorf("%w: size of the value", keys.ErrMalformed)
	}
	if s.Sealer != nil {
		if _, err := parsePlain(raw); err == nil {
			return keys.Identity{}, keys.ErrNotSealed
		}
		var err error
		if raw, err = s.Sealer.Open(ctx, raw); err != nil {
			return keys.Identity{}, err
		}
	}
	return parsePlain(raw)
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
	if err := s.isSealer(ctx, kv.Value); err != nil {
		return err
	}
	s.mu.Lock()
	s.checked = true
	s.mu.Unlock()
	return nil
}

func (s *Store) isSealer(ctx context.Context, mark []byte) error {
	plain := string(mark) == plainText
	switch {
	case s.Sealer == nil && plain:
		return nil
	case s.Sealer == nil:
		return keys.ErrSealed
	case plain:
		return keys.ErrNotSealed
	case len(mark) > maxValue:
		return fmt.Errorf("%w: size of the mark", keys.ErrMalformed)
	}
	text, err := s.Sealer.Open(ctx, mark)
	if err == nil && string(text) != sealedText {
		err = fmt.Errorf("%w: the mark of a sealed prefix", keys.ErrMalformed)
	}
	return err
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
		if mark, err = s.Sealer.Seal(ctx, []byte(sealedText)); err != nil {
			return err
		}
	}
	key := s.root() + "sealed"
	// Whoever is first decides; checkSealer reads who it was.
	_, err := s.txn(ctx, []clientv3.Cmp{absent(key)}, clientv3.OpPut(key, string(mark)))
	return errors.Join(err, s.checkSealer(ctx))
}
