// Package congestion decides how many packets may be under way to a destination,
// and how fast they leave. It knows no packets, streams and clocks: times are
// durations since some beginning, quantities are whole packets.
//
// # What it does, and why
//
// [Controller] is model-based, in the manner of BBR: it keeps the largest
// delivery rate of eight round trips and the smallest round trip of the last half
// minute, paces at that rate, and lets a little more than their product be under
// way. I2P loses packets mostly without congestion, when tunnels end and routers
// drop, and round trips take half a second: what halves a window at each loss
// (CUBIC, RFC 9438, or Java I2P) is left with a tenth of the path at one loss in
// a hundred. What never yields, as i2pd does not to loss, starves others. So:
//
//   - a loss by itself changes nothing; more than 15 % of a round does, as no path of tunnels is that bad by itself;
//   - the start ends when a queue grows (HyStart++, RFC 9406) and the rate does not any more, before it overflows. The bottleneck
//     is a connection of two routers with a control of its own, which would not grow for who waits for no queue;
//   - the window's gain is 1.06, and some milliseconds, and not BBR's 2: the standing queue
//     stays short, and i2pd's control, which yields to delay, keeps its share beside it;
//   - the window is made for the smallest round trip and the jitter, which tunnels have much of;
//   - where a queue stands that is not ours, the window follows those who made it instead: since 2.57 i2pd's control yields
//     to a queue of six jitters only, and to no loss, and would take nine tenths of the path;
//   - whether there is a queue is told by the quickest round trip of a round, as losses that two routers repair between
//     them make others late without any;
//   - more by a tenth than the last probe began with, and no queue, is reason to ask for half as much again each round trip, until
//     three have brought no more, so that a rate that was measured in a bad spell is soon left, by these streams or by the next;
//   - where round trips differ much and no queue stands, a quarter more may be under way, or twice as much of several streams:
//     with a window made for the smallest, the rate would sink by itself. With more, who yields to delay would be left with little;
//   - the smallest round trip is looked for anew every half minute with a short
//     queue, or a standing queue would in time be taken for the path;
//   - what is measured while there was nothing to send lowers no rate, or a long answer after short ones would crawl,
//     and the first packet after a pause measures nothing; nor does it keep the start below the first window;
//   - a time-out after which it turns out that what was sent again had arrived was a delay, and counts for nothing;
//   - what one machine is late with, as busy ones are, counts once and not with each packet of a bunch, as jitter;
//   - acknowledgements come in bunches, so what has come above the rate within a
//     round may be under way in addition.
//
// In the simulator (package streamingsim) that is, with one stream on a path of 3 MiB/s, KB/s in the first 30 s:
//
//	RTT, loss      0 %               1 %               3 %
//	               ours i2pd java    ours i2pd java    ours i2pd java
//	 50 ms         2762 2744 2719    2762 2687   73    2745 2440  119
//	150 ms         2702 2639 1127    2700 2500   24    2663 2130   59
//	400 ms         1939 1714  288    1696 1647   48    1438 1451   28
//
// Beside a stream of i2pd's on a path of 1 MiB/s it takes 47 to 62 % of what both get. After a spell of ten seconds with a
// tenth of that, through a connection of routers that repairs 1 to 3 % of losses at 150 ms, it gets 0.91 to 0.96 of what a new
// one gets in the 8 s that begin 3 s later, in the mean of 30 runs.
//
// One Controller serves all streams to a destination, so that ten streams do not take ten shares. It is told
// once when all of them time out, as they do on a path that stands still.
package congestion
