package etcdkeys

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/go-i2p/i2psocks/keys"
)

// Callers branch on these with [errors.Is].
var (
	// ErrOwned: the identity is live on another host. [OwnedError] is one.
	ErrOwned = errors.New("identity is live on another host")

	// ErrLost: this Store is, or has to act as if it were, no longer the owner
	// of what it acquired. Nothing was changed in etcd by the call.
	ErrLost = errors.New("ownership lost")
)

// OwnedError reports which host owns an identity. It matches [ErrOwned] and keys.ErrLocked.
type OwnedError struct {
	Host string // [Store.Host] there; may be empty
}

func (e *OwnedError) Error() string {
	if e.Host == "" {
		return ErrOwned.Error()
	}
	return ErrOwned.Error() + ", " + strconv.Quote(e.Host)
}

// Is makes an OwnedError ErrOwned and keys.ErrLocked.
func (e *OwnedError) Is(target error) bool { return target == ErrOwned || target == keys.ErrLocked }

// unanswered says that it was etcd who was slow, not the caller's context that ended.
func (s *Store) unanswered(ctx context.Context, err error) error {
	if err != nil && ctx.Err() == nil && isDeadline(err) {
		return fmt.Errorf("etcd did not answer in %v: %w", s.timeout(), context.DeadlineExceeded)
	}
	return err
}

func isDeadline(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || code(err) == codes.DeadlineExceeded
}

// transient tells the errors that go away when the cluster comes back.
func transient(err error) bool { return isDeadline(err) || code(err) == codes.Unavailable }

// code finds the code of gRPC's errors and of etcd's own, which carry one too.
func code(err error) codes.Code {
	var coded interface{ Code() codes.Code }
	if errors.As(err, &coded) {
		return coded.Code()
	}
	var rpc interface{ GRPCStatus() *status.Status }
	if errors.As(err, &rpc) {
		return rpc.GRPCStatus().Code()
	}
	return codes.Unknown
}
