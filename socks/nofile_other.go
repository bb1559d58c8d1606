//go:build !unix

package socks

// descriptorLimit is for systems that limit them.
func descriptorLimit() (n uint64, limited bool) { return 0, false }
