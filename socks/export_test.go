package socks

// DropPipes closes the pipes that are kept for later.
func DropPipes() { dropPipes() }
