// Package bytequeue is a bounded first-in first-out queue of bytes between one
// writer and one reader, with deadlines and with a memory budget that many
// queues can share.
//
// It starts no goroutine, knows nothing of networks, and never grows past the
// limit it was given: a writer that is too fast waits. It does not keep the
// boundaries of writes, and it is not meant for several readers.
package bytequeue
