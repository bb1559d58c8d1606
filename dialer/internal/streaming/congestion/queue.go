package congestion

import "time"

const (
	climbs = 1.1 // so much more than the last probe began with is more than chance, and worth a climb

	climbRounds = 3 // a connection of two routers gives more only after something has waited in it for a round trip

	roomGrows, roomShrinks = 1.1, 0.8
	roomMax                = 1.25
	roomMaxOfSeveral       = 2  // of streams, which are not to get less than as many of i2pd's
	roomForJitter          = 16 // what room there is for a jitter that is a whole round trip
)

// queued reports whether packets wait in a queue that stands. Even the quickest of two rounds has waited then. Of the mean
// nothing can be told: between two routers losses are repaired, and all that is behind one comes as late as that.
func (c *Controller) queued() bool {
	packet := time.Duration(float64(time.Second) / max(c.Rate(), minPace))
	return min(c.roundRTTs[0], c.roundRTTs[1]) > c.minRTT+max(c.minRTT/4, min(c.jitter/2, c.minRTT), bunch, packet*3/2)
}

// climb asks for much more as long as asking for more brings more, and no queue stands. What was measured in a bad spell
// of the path would be left in small steps otherwise, of which late packets hide most.
func (c *Controller) climb(now time.Duration) {
	rate := c.Rate()
	switch more := rate > climbs*c.fullRate && !c.queued(); {
	case more:
		c.fullRate, c.fullFor = rate, 0
		c.enter(now, climbing)
	case c.phase == climbing:
		if c.fullFor++; c.fullFor >= climbRounds {
			c.cruise(now, 1)
		}
	}
}

// adaptRoom follows the end of a round.
func (c *Controller) adaptRoom() {
	most := float64(roomMax)
	if c.several {
		most = roomMaxOfSeveral
	}
	most = min(max(roomForJitter*float64(c.jitter)/float64(max(c.minRTT, 1)), 1), most)
	if c.queued() {
		c.spare = max(roomShrinks*c.spare, 1)
	} else {
		c.spare = min(roomGrows*max(c.spare, 1), most)
	}
}

// room is by how much the window is wider where round trips differ much and no queue stands: what comes late is not there
// to be replaced, and with a window made for the rate that was measured that way, the rate would sink by itself.
func (c *Controller) room() float64 { return max(c.spare, 1) }
