package ageseal

// Work takes the turn of a passphrase until release is called.
func Work() (release func()) {
	working <- struct{}{}
	return func() { <-working }
}
