//go:build linux

package main

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// maxQuestions is how many questions of one flow are looked into at a time.
const maxQuestions = 16

// resolver answers the questions of one flow: names of I2P by virtual addresses, all others by "no such name".
func (g *gateway) resolver(conn net.Conn) {
	var tasks sync.WaitGroup
	defer tasks.Wait()
	slots := make(chan struct{}, maxQuestions)
	buf := make([]byte, 4<<10)
	for {
		conn.SetReadDeadline(time.Now().Add(dnsSilence))
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		q, ok := parseQuestion(buf[:n])
		if !ok {
			continue
		}
		slots <- struct{}{}
		tasks.Go(func() {
			defer func() { <-slots }()
			if b := q.answer(g.lookup(q)); b != nil {
				conn.Write(b)
			}
		})
	}
}

// lookup returns the virtual address that a question asks for, and whether there is such a name.
func (g *gateway) lookup(q question) (a netip.Addr, exists bool) {
	name := strings.ToLower(strings.TrimSuffix(q.Name.String(), "."))
	if !strings.HasSuffix(name, ".i2p") {
		g.attempts.add("DNS", name)
		return a, false
	}
	if q.Type != dnsmessage.TypeA {
		return a, true // IPv6 addresses and the like there are none of
	}
	ctx, cancel := context.WithTimeout(g.ctx, dialTimeout)
	defer cancel()
	text, err := g.dialer.Resolve(ctx, name)
	if err != nil {
		return a, false
	}
	a, err = netip.ParseAddr(text)
	return a, err == nil && a.Is4()
}

// question is a DNS message with one question (RFC 1035, section 4.1).
type question struct {
	dnsmessage.Question
	header dnsmessage.Header
}

func parseQuestion(b []byte) (q question, ok bool) {
	var p dnsmessage.Parser
	var err error
	if q.header, err = p.Start(b); err != nil || q.header.Response {
		return q, false
	}
	q.Question, err = p.Question()
	return q, err == nil
}

// answer is for one address, none, or a name that does not exist.
func (q question) answer(a netip.Addr, exists bool) []byte {
	m := dnsmessage.Message{
		Header: dnsmessage.Header{
			ID: q.header.ID, Response: true, OpCode: q.header.OpCode,
			RecursionDesired: q.header.RecursionDesired, RecursionAvailable: true,
		},
		Questions: []dnsmessage.Question{q.Question},
	}
	switch {
	case !exists:
		m.RCode = dnsmessage.RCodeNameError
	case a.IsValid():
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 0},
			Body:   &dnsmessage.AResource{A: a.As4()},
		}}
	}
	b, err := m.Pack()
	if err != nil {
		return nil
	}
	return b
}
