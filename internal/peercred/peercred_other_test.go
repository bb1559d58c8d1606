//go:build !linux

package peercred

func elsewhere() {}
