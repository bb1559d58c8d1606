//go:build !linux

package samtest

import (
	"errors"
	"fmt"
)

// becomeUser cannot give single threads the rights of another user here.
func becomeUser(uid int) error {
	if uid == 0 {
		return nil
	}
	return fmt.Errorf("samtest: becoming user %d: %w", uid, errors.ErrUnsupported)
}
