//go:build !linux

package i2pd

// owns cannot be told here.
func (p *process) owns(int) error { return nil }

func withoutForks(f func() error) error { return f() }
