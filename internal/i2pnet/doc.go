// Package i2pnet starts and stops a private I2P network of real i2pd routers, for tests.
//
// The routers live in a network namespace of their own that has nothing but a loopback interface:
// they cannot reach the world, and several networks do not meet. That takes Linux, root, ip(8) and
// i2pd; tests are skipped where one is missing, or fail if I2PSOCKS_REQUIRE_ROUTER=1 is set. i2pd
// is taken from the folder that I2PSOCKS_I2PD_DIR names, else from PATH.
//
// A package whose tests need routers starts them once, at the first test that asks:
//
//	var routers i2pnet.Shared
//
//	func TestMain(m *testing.M) { goleak.VerifyTestMain(routers.Main(m)) }
//
//	func TestEcho(t *testing.T) {
//		n := routers.Require(t)
//		conn, err := n.DialContext(t.Context(), "tcp", n.SAM(0)) // a SAM bridge
//
// What talks to the routers must be inside the namespace: [Network.DialContext] and the
// like open a socket there for a test that is itself outside, and [Network.Command] runs a program there.
//
// # Sessions
//
// Sessions for tests are best made with [SessionOptions]: no hops, which in such a network are the
// reliable choice. A connect may have to be retried for some seconds, as the lease set is not found
// yet, with one hop more often. A SESSION CREATE takes 3 to 15 seconds, 9 as a rule,
// whatever the options: i2pd builds tunnels in rounds. So create what a test needs at the same
// time. i2pd may crash when a session is closed right after its streams: wait a second between the
// two. The routers' own tunnels have no hops, or routers that are killed and started again may not
// reach each other for minutes.
//
// # Links
//
// With [Config.Links] the routers are as far from each other as routers are in the world: each has a
// namespace of its own, and this process carries the packets between their TUN devices, with the
// delay, jitter, loss and rate of a [Link]. Who loses what is decided by [Config.Seed] alone.
// SAM bridges are reached as before, over wires that cost nothing. A guest and what [Network.Command] runs
// are on links too, those of router number [Network.Len]. [Network.Traffic] counts, and
// [Network.SetLink] changes a link under way, to cut it for instance.
//
// The model costs some 10 µs of CPU time a packet and is exact to the accuracy of timers,
// a fraction of a millisecond on an idle machine. What it does not have: reordering, duplicates, corruption, and
// links that share a queue.
//
// This package looks no name up, makes no connection out of the namespace,
// and leaves namespaces and processes that it did not make alone.
package i2pnet
