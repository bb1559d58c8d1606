package packet

// MaxEcho is how much payload Java I2P sends back of a ping, in bytes.
const MaxEcho = 32

// IsPing reports whether the packet asks for a pong, by its SendID.
func (p *Packet) IsPing() bool { return p.Flags.Has(Echo) && p.SendID != 0 }

// IsPong reports whether the packet answers the ping whose SendID is its ReceiveID.
// Pongs are not signed.
func (p *Packet) IsPong() bool { return p.Flags.Has(Echo) && p.SendID == 0 }

// Pong returns the answer to a ping.
func (p *Packet) Pong() Packet {
	return Packet{ReceiveID: p.SendID, Flags: Echo, Payload: p.Payload[:min(len(p.Payload), MaxEcho)]}
}
