package samtest

// Freeze stops the router as SIGSTOP does: it reads and writes nothing, and nothing that its clients
// do makes it close a connection. Connections stay, new ones are taken, as a kernel takes them, and a
// client that goes on sending is held back once the buffers are full. Others on the network
// cannot reach its sessions. Its clock goes on, but for how long a client
// may be silent. Thaw ends that, as Kill and Restart do.
func (b *Bridge) Freeze() {
	b.nw.mu.Lock()
	defer b.nw.mu.Unlock()
	if !b.down && b.ice.Load() == nil {
		melted := make(chan struct{})
		b.ice.Store(&melted)
		b.nw.notify()
	}
}

// Thaw lets a frozen router go on where it stopped: it carries out what it was sent meanwhile, and
// then learns who has left.
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
