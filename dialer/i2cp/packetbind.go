package i2cp

import (
	"bytes"
	"encoding/base32"
	"math/rand/v2"
	"syscall"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/datagram"
	"github.com/go-i2p/i2psocks/dialer/internal/i2cpwire"
)

// binding is a kind of datagrams and a port.
type binding struct {
	kind datagram.Kind
	port uint16
}

// Ephemeral ports, as RFC 6335, section 6, has them.
const (
	firstEphemeral = 49152
	ephemerals     = 1<<16 - firstEphemeral
)

// bind gives a port to a packet connection: the one it asks for, or, where that is 0 and taken, any that is free.
func (m *machine) bind(p *PacketConn) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return dialer.ErrSessionClosed
	}
	b := binding{p.kind, p.addr.Port}
	if b.port == 0 && m.packets[b] != nil {
		for range ephemerals {
			if b.port = firstEphemeral + uint16(rand.IntN(ephemerals)); m.packets[b] == nil {
				break
			}
		}
	}
	if m.packets[b] != nil {
		return syscall.EADDRINUSE
	}
	p.addr.Port = b.port
	m.packets[b] = p
	return nil
}

func (m *machine) unbind(p *PacketConn) { delete(m.packets, binding{p.kind, p.addr.Port}) }

// deliverDatagram queues what came, or drops it. It is verified by who reads it. The caller holds mu.
func (m *machine) deliverDatagram(h i2cpwire.Header, data []byte) {
	kind := datagram.Kind(h.Protocol)
	p := m.boundTo(kind, h.To)
	if p == nil && kind == datagram.Datagram2 {
		p = m.boundTo(datagram.Datagram1, h.To)
	}
	if p == nil {
		return // and it answers nothing that was sent
	}
	m.heard(kind, data)
	if len(p.queue) >= backlogPackets || p.held+len(data) > backlogBytes {
		p.stats.Overflow++
		return
	}
	p.queue = append(p.queue, packet{kind, h.From, bytes.Clone(data)})
	p.held += len(data)
	p.readable.Signal()
}

// boundTo returns who gets datagrams of a kind to a port: who has the port, or port 0. What is for port 0 is for the only one
// of its kind where none has that.
func (m *machine) boundTo(kind datagram.Kind, port uint16) *PacketConn {
	if p := m.packets[binding{kind, port}]; p != nil {
		return p
	}
	if port != 0 {
		return m.packets[binding{kind, 0}]
	}
	var only *PacketConn
	for b, p := range m.packets {
		if b.kind != kind {
			continue
		}
		if only != nil {
			return nil
		}
		only = p
	}
	return only
}

// base32Host returns the host name of a hash.
func base32Host(hash [32]byte) string { return i2pBase32.EncodeToString(hash[:]) + ".b32.i2p" }

var i2pBase32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
