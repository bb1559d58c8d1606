// Package streamingsim is a network for tests of the streaming engine: engines,
// and models of other implementations, joined by links with delay, jitter, loss,
// duplication, reordering, a rate and a queue, or with losses that are repaired and show as delay, as those of the
// connections between routers, on a clock of its own. It starts no goroutine, so a
// run with a seed is always the same run.
//
// Its tests print what they measure:
//
//	go test -v -run 'Goodput|Fairness' -sim.table -sim.seeds 3
//	go test -v -run Year -sim.days 365 -sim.seed 1
//
// The models of i2pd's and Java I2P's congestion control follow their sources
// (i2pd 2.58, Java I2P 2.8.0). They are for comparison only.
package streamingsim
