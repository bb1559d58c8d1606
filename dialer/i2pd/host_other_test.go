//go:build !linux

package i2pd_test

const endsWithHost = false
