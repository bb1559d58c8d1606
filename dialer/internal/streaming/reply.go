package streaming

import (
	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
	"github.com/go-i2p/i2psocks/keys"
)

const (
	maxReplies      = 256
	resetsPerMinute = 1200
)

// reply is a packet that belongs to no stream.
type reply struct {
	to                    keys.Destination
	asks                  *peer // of a ping; nil of what answers something that has just come
	localPort, remotePort uint16
	packet                packet.Packet
}

// reply queues a packet, if the queue has room: none of these is needed for the protocol to work.
func (e *Engine) reply(r reply) {
	if e.replies.len() < maxReplies {
		e.replies.push(r)
	}
}

// answerReset queues a RESET, at a bounded rate since each costs a signature.
func (e *Engine) answerReset(p *peer, sendID, receiveID, seq uint32, localPort, remotePort uint16) {
	if e.resets.take(e.now, resetsPerMinute) {
		e.reply(reply{to: p.dest, localPort: localPort, remotePort: remotePort,
			packet: packet.Packet{SendID: sendID, ReceiveID: receiveID, Sequence: seq, Flags: packet.Reset | packet.NoAck}})
	}
}

func (e *Engine) sendReply(r reply, b []byte) Outgoing {
	p := &r.packet
	if p.Flags&(packet.Reset|packet.FromIncluded) != 0 {
		p.Flags |= packet.SignatureIncluded
		p.Signature = zeros[:e.signatureLen]
	}
	if p.Flags.Has(packet.FromIncluded) {
		p.From = e.from
		if len(e.conf.Offline) > 0 {
			p.Flags |= packet.OfflineSignature
			p.Offline = e.conf.Offline
		}
	}
	first := r.asks != nil && r.asks.turn(Proven) == First
	return finishPacket(Outgoing{To: r.to, SourcePort: r.localPort, DstPort: r.remotePort, First: first}, p, b)
}
