// Package memnet is a network in memory for tests and for joining two parts of
// one process: buffered connections with half-close and deadlines, and a
// listener to dial.
//
// Unlike [net.Pipe] a write does not wait for the read, and one direction can
// end alone. Everything blocks durably in the sense of testing/synctest. It
// starts no goroutine, touches no socket, and does not imitate loss, delay or
// reset.
package memnet
