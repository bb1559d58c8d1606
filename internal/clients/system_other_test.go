//go:build !linux

package clients_test

var systemClients []client
