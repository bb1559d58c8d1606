package socks

import "runtime"

// DropPipes closes the pipes that are kept for later. What a sync.Pool keeps for another processor only collections take.
func DropPipes() {
	dropPipes()
	runtime.GC()
	runtime.GC()
}
