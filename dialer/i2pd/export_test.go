package i2pd

import "time"

// SetPulse sets the time between two signs of life.
func (r *Router) SetPulse(d time.Duration) { r.pulse = d }

// CountPeers counts what is in a data folder.
func CountPeers(path string) int { return countPeers(path) }

// Redact cuts out what may name a peer.
func Redact(line string) string { return redact(line) }

// Configuration is what a start writes.
var Configuration = configuration

// Scarcity returns what says when to log that there are few peers.
func Scarcity() func(now time.Time) bool { return new(scarcity).due }
