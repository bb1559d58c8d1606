package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// guideWorld has a host of each kind that the programs of the guide talk to.
type guideWorld struct {
	*world
	hosts   map[string]string // by kind, such as "web"
	reached atomic.Int64      // streams to any of them
}

func newGuideWorld(t *testing.T) *guideWorld {
	t.Helper()
	nw := samtest.NewStrict(t)
	g := &guideWorld{world: &world{sam: nw.Start(nil).Addr()}, hosts: make(map[string]string)}
	ports := map[string]string{"ssh": ":22", "mail": ":25", "irc": ":6667"}
	for kind, serve := range map[string]func(net.Conn){"ssh": serveSSH, "mail": serveMail, "irc": serveIRC} {
		ln := g.listen(t, nw, kind, ports[kind])
		go func() {
			for {
				c, err := ln.Accept()
				if err != nil {
					return
				}
				go func() {
					defer c.Close()
					serve(c)
				}()
			}
		}()
	}
	for kind, handler := range map[string]http.HandlerFunc{"web": serveWeb, "tracker": serveTracker} {
		srv := &http.Server{Handler: handler}
		go srv.Serve(g.listen(t, nw, kind, ":80"))
		t.Cleanup(func() { srv.Close() })
	}
	return g
}

func (g *guideWorld) listen(t *testing.T, nw *samtest.Network, kind, port string) net.Listener {
	ep := &i2psocks.Endpoint{SAM: nw.Start(nil).Addr()}
	t.Cleanup(func() { ep.Close() })
	ln, err := ep.Listen(t.Context(), "tcp", port)
	require.NoError(t, err)
	g.hosts[kind] = ep.Addr().Host
	return &countedListener{ln, &g.reached}
}

type countedListener struct {
	net.Listener
	count *atomic.Int64
}

func (l *countedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.count.Add(1)
	}
	return c, err
}

// fill puts the hosts in place of {kind}, and seconds in place of waits.
func (g *guideWorld) fill(args []string, wait *strings.Replacer) []string {
	var pairs []string
	for kind, host := range g.hosts {
		pairs = append(pairs, "{"+kind+"}", host)
	}
	r := strings.NewReplacer(pairs...)
	filled := make([]string, len(args))
	for i, a := range args {
		filled[i] = wait.Replace(r.Replace(a))
	}
	return filled
}

func serveWeb(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	io.WriteString(w, "<title>a page of I2P</title>")
}

func serveTracker(w http.ResponseWriter, _ *http.Request) {
	io.WriteString(w, "d8:intervali1800e5:peers0:e")
}

func serveSSH(c net.Conn) {
	io.WriteString(c, "SSH-2.0-server\r\n")
	bufio.NewReader(c).ReadString('\n')
}

func serveMail(c net.Conn) {
	io.WriteString(c, "220 mail ESMTP\r\n")
	lines := bufio.NewScanner(c)
	for body := false; lines.Scan(); {
		verb, _, _ := strings.Cut(strings.ToUpper(lines.Text()), " ")
		switch {
		case body && lines.Text() != ".":
		case verb == "DATA":
			body = true
			io.WriteString(c, "354 go on\r\n")
		case verb == "QUIT":
			io.WriteString(c, "221 bye\r\n")
			return
		default:
			body = false
			io.WriteString(c, "250 mail\r\n")
		}
	}
}

// serveIRC asks for version and time, as the curious do, and then ends.
func serveIRC(c net.Conn) {
	lines := bufio.NewScanner(c)
	for answers := 0; lines.Scan(); {
		switch word, _, _ := strings.Cut(lines.Text(), " "); word {
		case "CAP":
			if strings.HasPrefix(lines.Text(), "CAP LS") {
				io.WriteString(c, ":irc CAP * LS :\r\n")
			}
		case "USER":
			io.WriteString(c, ":irc 001 me :hi\r\n:irc 376 me :end\r\n:eve!e@x PRIVMSG me :\x01VERSION\x01\r\n:eve!e@x PRIVMSG me :\x01TIME\x01\r\nPING :x\r\n")
		case "PONG":
			return
		case "NOTICE":
			if answers++; answers == 2 {
				return
			}
		}
	}
}
