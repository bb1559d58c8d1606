package sam

import (
	"context"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/wire"
)

// profile is what a router is like, as far as it matters here: learnt once for a session, and then
// plain values. Routers read SAM differently, and it is not in what they say of themselves.
type profile struct {
	name string // for Status

	accepts int           // ACCEPTs that should wait
	refresh time.Duration // how long an ACCEPT may wait; 0 is for ever
	ports   bool          // streams carry port numbers
	lossy   bool          // what is not read when the peer closes is thrown away
	linger  time.Duration // after the last write, or the end is lost
	rest    time.Duration // for which a session that was closed is still there
	primary bool          // it has PRIMARY sessions
	mlkem   bool          // it may be asked for ML-KEM
	instant time.Duration // a creation that is answered sooner is of a session that was there before

	udpPort     uint16 // where datagrams go; 0 is the port of the bridge less one
	rawHeader   bool   // raw packets can come with a line before them
	packetPorts bool   // datagrams over UDP carry port numbers
	resend      bool   // the first packet to a peer is lost
	maxRaw      int    // payload
	maxUDP      int    // header and payload; 0 is no bound
	frail       bool   // on the control connection: PORT must be given, a datagram must be one segment, and what comes close behind is lost
}

const (
	// javaAccepts is how many ACCEPTs wait on Java I2P: it refuses a stream that finds none. None may ever be
	// given up: it would still swallow a stream.
	javaAccepts = 8
	// i2pdAccepts: i2pd mishandles a queue of them, but keeps a stream for 10 s until one comes.
	i2pdAccepts = 1
	// i2pdRefresh is how long an ACCEPT may wait on i2pd; only a new one gets a stuck queue going.
	i2pdRefresh = 10 * time.Minute
	// linger is how long after the last write i2pd needs before a close, not to lose the end.
	linger = time.Second
	// javaRest is how long Java I2P may take to see that a connection was closed.
	javaRest = time.Second
	// poisonedBefore is the time in which i2pd cannot build tunnels: it first looks for them after 3 s.
	poisonedBefore = time.Second
)

// i2pdProfile returns that of an i2pd: one before 2.58, which crashes on types that it does not know, speaks no SAM 3.3.
func i2pdProfile(h hello) profile {
	return profile{
		name: "i2pd, SAM " + h.version, accepts: i2pdAccepts, refresh: i2pdRefresh, lossy: true, linger: linger, rest: settle,
		mlkem: h.version == "3.3", instant: poisonedBefore,
		packetPorts: h.modern(), resend: true, maxRaw: maxRepliable, maxUDP: maxPacketUDP, frail: true,
	}
}

func javaProfile(h hello) profile {
	return profile{
		name: "Java I2P, SAM " + h.version, accepts: javaAccepts, ports: h.modern(), primary: true, mlkem: h.version == "3.3",
		rest: javaRest, udpPort: javaUDPPort, rawHeader: h.modern(), packetPorts: h.modern(), maxRaw: maxRaw,
	}
}

// learn finds out what the router is. i2pd up to 2.57 is the only one that stops at SAM 3.1; later ones
// call a name that nobody can have an invalid key, where Java I2P does not find it.
func (b bridge) learn(ctx context.Context, h hello) (profile, error) {
	if !h.modern() {
		return i2pdProfile(h), nil
	}
	conn, _, err := b.open(ctx)
	if err != nil {
		return profile{}, err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeoutCause(ctx, bridgeTimeout, errNoAnswer)
	defer cancel()
	reply, err := exchange(ctx, conn, wire.MaxReply, command("NAMING", "LOOKUP", "NAME", "x"))
	if err != nil {
		return profile{}, err
	}
	if reply.Get("RESULT") == "INVALID_KEY" {
		return i2pdProfile(h), nil
	}
	return javaProfile(h), nil
}
