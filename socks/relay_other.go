//go:build !linux

package socks

// splice is only in Linux; done is always false.
func (f *flow) splice() (srcErr, dstErr error, done bool) { return nil, nil, false }
