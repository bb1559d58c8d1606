package socks

import "github.com/go-i2p/i2psocks/internal/bytequeue"

// Budget limits the memory used for read-ahead by all streams that share it. Its method Used returns the bytes in
// use. Package sam has the same type.
type Budget = bytequeue.Budget

// NewBudget returns a budget of total bytes. A single stream never uses all of it. When little is left, less is read
// ahead for slow clients, down to 1 KiB for each stream.
func NewBudget(total int) *Budget { return bytequeue.NewBudget(total) }
