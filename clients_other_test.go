//go:build !linux

package i2psocks_test

var systemClients []client
