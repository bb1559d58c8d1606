package socks

import "github.com/go-i2p/i2psocks/internal/bytequeue"

// Budget bounds the memory for what is read ahead, of all streams that share it. Its method Used
// returns the bytes in use. Package sam has the same type.
type Budget = bytequeue.Budget

// NewBudget returns a budget of total bytes. One that is used up, which it is never by one stream
// alone, makes what is read ahead of a slow client wait, in the end all but 1 KiB of it.
func NewBudget(total int) *Budget { return bytequeue.NewBudget(total) }
