package sam

import "github.com/go-i2p/i2psocks/internal/bytequeue"

// Budget limits the memory used for read-ahead by all streams that share it. Its method Used returns the bytes in
// use. Package socks has the same type.
type Budget = bytequeue.Budget

// NewBudget returns a budget of total bytes. A single stream never uses all of it. When it is used up, 1 KiB of each
// stream is still read ahead.
func NewBudget(total int) *Budget { return bytequeue.NewBudget(total) }
