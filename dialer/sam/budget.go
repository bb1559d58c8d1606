package sam

import "github.com/go-i2p/i2psocks/internal/bytequeue"

// Budget bounds the memory for what is read ahead, of all streams that share it. Its method Used
// returns the bytes in use. Package socks has the same type.
type Budget = bytequeue.Budget

// NewBudget returns a budget of total bytes. When it is used up, which it is never by one stream
// alone, 1 KiB of each stream is still read ahead.
func NewBudget(total int) *Budget { return bytequeue.NewBudget(total) }
