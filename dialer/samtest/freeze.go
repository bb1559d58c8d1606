package samtest

// Freeze stops the router as SIGSTOP does: it reads and writes nothing, and closes no connection. Connections remain,
// new ones are accepted, as by a kernel, and a client that continues to send blocks when the buffers are full. Other
// sessions cannot reach those of the router. Its clock continues, except for the time that clients may be silent.
// Thaw ends this, as do Kill and Restart.
func (b *Bridge) Freeze() {
	b.nw.mu.Lock()
	defer b.nw.mu.Unlock()
	if !b.down && b.ice.Load() == nil {
		melted := make(chan struct{})
		b.ice.Store(&melted)
		b.nw.notify()
	}
}

// Thaw lets a frozen router continue: it processes what was sent meanwhile, then notices which clients have left.
func (b *Bridge) Thaw() {
	b.nw.mu.Lock()
	defer b.nw.mu.Unlock()
	b.thaw()
}

// thaw does what Thaw does. The caller holds the lock.
func (b *Bridge) thaw() {
	if melted := b.ice.Swap(nil); melted != nil {
		close(*melted)
		b.nw.notify()
	}
}

// frozen reports whether the router stands still.
func (b *Bridge) frozen() bool { return b.ice.Load() != nil }

// awaitThaw waits while the router stands still.
func (b *Bridge) awaitThaw() {
	if melted := b.ice.Load(); melted != nil {
		<-*melted
	}
}
