package samtest

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const noMessage = "SESSION STATUS RESULT=OK "

// add adds a subsession; options start with a space.
func (u *user) add(style, options string) *user {
	u.t.Helper()
	sub := &user{sock: u.sock, b: u.b, id: newID(), dest: u.dest}
	reply := u.ask("SESSION ADD STYLE=" + style + " ID=" + sub.id + options)
	if u.b.f.i2pd {
		require.Equal(u.t, noMessage+"DESTINATION="+u.key, reply)
	} else {
		require.Equal(u.t, noMessage+`ID="`+sub.id+`" MESSAGE="ADD `+sub.id+`"`, reply)
	}
	return sub
}

// remove removes subsessions.
func (u *user) remove(subs ...*user) {
	u.t.Helper()
	for _, s := range subs {
		require.Equal(u.t, noMessage+`ID="`+s.id+`" MESSAGE="REMOVE `+s.id+`"`, u.ask("SESSION REMOVE ID="+s.id))
	}
}

var javas = []Router{Instant, Java}

// TestPrimaryStreams: streams reach the subsession of their port, else that of port 0.
func TestPrimaryStreams(t *testing.T) {
	eachRouter(t, javas, func(t *testing.T, nw *Network, one, two *Bridge) {
		main, visitor := createStyle(t, one, "PRIMARY", ""), create(t, two, "")
		any, web := main.add("STREAM", " FROM_PORT=0 LISTEN_PORT=0"), main.add("STREAM", " FROM_PORT=1234 LISTEN_PORT=80")
		for port, sub := range map[string]*user{"0": any, "80": web, "999": any} {
			acc := sub.accept()
			sub.waits(1)
			s, reply := visitor.connect(main.dest.Base32() + " TO_PORT=" + port)
			require.Equal(t, "STREAM STATUS RESULT=OK", reply)
			assert.Equal(t, visitor.dest.Base64()+" FROM_PORT=0 TO_PORT="+port, acc.line())
			s.send("x\n")
			assert.Equal(t, "x", acc.line())
		}
		_, reply := visitor.connect(web.dest.Base32() + " TO_PORT=80")
		if one.Router == Java {
			assert.Equal(t, "STREAM STATUS RESULT=OK", reply, "the stream waits for an ACCEPT")
			late := web.accept()
			assert.Contains(t, late.line(), visitor.dest.Base64())
		}
		acc := visitor.accept()
		visitor.waits(1)
		_, reply = web.connect(visitor.dest.Base32())
		require.Equal(t, "STREAM STATUS RESULT=OK", reply)
		assert.Equal(t, main.dest.Base64()+" FROM_PORT=0 TO_PORT=0", acc.line(), "FROM_PORT of the subsession is not that of its streams")
		main.remove(any, web)
		_, reply = visitor.connect(main.dest.Base32())
		assert.Contains(t, reply, "Connection reset", "nobody is left")
		main.nc.Close()
		time.Sleep(time.Second)
		assert.Empty(t, nw.Violations())
	})
}

// TestPrimaryLines: what is answered to SESSION ADD and REMOVE, and to STREAM with the primary's ID.
func TestPrimaryLines(t *testing.T) {
	eachRouter(t, javas, func(t *testing.T, nw *Network, one, two *Bridge) {
		main := createStyle(t, one, "MASTER", "")
		any := main.add("STREAM", " FROM_PORT=0")
		for line, want := range map[string]string{
			"ADD STYLE=STREAM FROM_PORT=7 ID=" + any.id:                "Duplicate ID " + any.id,
			"ADD STYLE=STREAM FROM_PORT=0 ID=" + newID():               "Duplicate protocol 6 and port 0",
			"ADD STYLE=DATAGRAM FROM_PORT=0 ID=" + newID():             "DATAGRAM subsession must specify PORT",
			"ADD STYLE=RAW FROM_PORT=0 ID=" + newID():                  "RAW subsession must specify PORT",
			"ADD STYLE=FOO FROM_PORT=0 ID=" + newID():                  "Unrecognized SESSION STYLE FOO",
			"ADD STYLE=STREAM FROM_PORT=5 DESTINATION=x ID=" + newID(): "SESSION ADD may not contain DESTINATION",
			"ADD FROM_PORT=5 ID=" + newID():                            "No SESSION STYLE specified",
			"ADD STYLE=STREAM FROM_PORT=5":                             "ID not specified",
			"REMOVE ID=" + main.id:                                     "ID " + main.id + " not found",
			"REMOVE ID=unknown":                                        "ID unknown not found",
		} {
			assert.Equal(t, status("SESSION STATUS", "I2P_ERROR", want), main.ask("SESSION "+line), line)
		}
		acc := open(t, one)
		assert.Equal(t, "STREAM STATUS RESULT=OK", acc.ask("STREAM ACCEPT ID="+main.id))
		assert.Equal(t, status("STREAM STATUS", "ALREADY_ACCEPTING", "primary session"), acc.line())
		_, reply := main.connect(main.dest.Base32())
		assert.Equal(t, status("STREAM STATUS", "I2P_ERROR", "primary session"), reply)
		main.remove(any)
		assert.Contains(t, open(t, one).ask("STREAM ACCEPT ID="+any.id), "INVALID_ID")
	})
}

// TestPrimaryZombies: subsessions of Java I2P that were not removed outlive their primary.
func TestPrimaryZombies(t *testing.T) {
	eachRouter(t, javas, func(t *testing.T, nw *Network, one, two *Bridge) {
		main := createStyle(t, one, "PRIMARY", "")
		sub := main.add("STREAM", " FROM_PORT=0 LISTEN_PORT=0")
		waiting := sub.accept()
		sub.waits(1)
		main.nc.Close()
		if one.Router == Instant {
			assert.Equal(t, "<EOF>", waiting.line())
			assert.Empty(t, one.Sessions())
			assert.Contains(t, open(t, one).ask("STREAM ACCEPT ID="+sub.id), "INVALID_ID")
		} else {
			assert.True(t, waiting.silent(time.Hour))
			acc := open(t, one)
			assert.Equal(t, "STREAM STATUS RESULT=OK", acc.ask("STREAM ACCEPT ID="+sub.id))
			assert.True(t, acc.silent(time.Hour))
			assert.Len(t, one.Sessions(), 1)
			create(t, one, main.key) // the key is free
			assert.Equal(t, "SESSION STATUS RESULT=DUPLICATED_ID", open(t, one).ask("SESSION CREATE STYLE=STREAM ID="+sub.id+" DESTINATION=TRANSIENT SIGNATURE_TYPE=7"))
		}
		require.NotEmpty(t, nw.Violations())
		assert.Contains(t, nw.Violations()[0], "subsessions were not removed")
	})
}

// TestPrimaryRestart: zombies end with the router.
func TestPrimaryRestart(t *testing.T) {
	eachRouter(t, javas, func(t *testing.T, nw *Network, one, two *Bridge) {
		main := createStyle(t, one, "PRIMARY", "")
		main.add("STREAM", " FROM_PORT=0")
		require.NoError(t, one.Restart())
		time.Sleep(time.Second)
		assert.Empty(t, one.Sessions())
		assert.Empty(t, nw.Violations(), "nobody could remove them")
	})
}

// TestMaster: on i2pd the subsessions are the MASTER under other names, and there are none for datagrams.
func TestMaster(t *testing.T) {
	eachRouter(t, []Router{I2PD245, I2PD256, I2PD259}, func(t *testing.T, nw *Network, one, two *Bridge) {
		main, visitor := createStyle(t, one, "MASTER", ""), create(t, two, "")
		web, other := main.add("STREAM", " FROM_PORT=80"), main.add("STREAM", " FROM_PORT=81")
		acc := other.accept()
		other.waits(1)
		_, reply := visitor.connect(main.dest.Base32() + " TO_PORT=80")
		require.Equal(t, "STREAM STATUS RESULT=OK", reply)
		assert.Equal(t, visitor.dest.Base64(), acc.line(), "whoever accepts first gets it")
		assert.Equal(t, "SESSION STATUS RESULT=DUPLICATED_ID", main.ask("SESSION ADD STYLE=STREAM FROM_PORT=5 ID="+web.id))
		assert.Equal(t, noMessage+"DESTINATION="+main.key, main.ask("SESSION REMOVE ID="+web.id))
		assert.Contains(t, open(t, one).ask("STREAM ACCEPT ID="+web.id), "INVALID_ID")
		assert.Len(t, nw.Violations(), 1, "the ID was used twice")
		assert.Equal(t, status("SESSION STATUS", "I2P_ERROR", "Unsupported STYLE"), main.ask("SESSION ADD STYLE=DATAGRAM PORT=7655 FROM_PORT=0 ID="+newID()))
		assert.Equal(t, "<EOF>", main.line())
		time.Sleep(time.Second)
		assert.Empty(t, one.Sessions(), "all have ended")

		main = createStyle(t, one, "MASTER", "")
		main.send("SESSION ADD STYLE=STREAM ID=" + newID() + "\n")
		if one.Router == I2PD259 {
			assert.Contains(t, main.line(), noMessage)
		} else {
			assert.True(t, main.silent(time.Hour))
		}
		assert.Len(t, nw.Violations(), 2)
		old := dial(t, one)
		require.Contains(t, old.ask("HELLO VERSION MIN=3.1 MAX=3.1"), "3.1")
		reply = old.ask("SESSION CREATE STYLE=MASTER ID=" + newID() + " DESTINATION=TRANSIENT SIGNATURE_TYPE=7")
		if one.Router == I2PD259 {
			assert.Equal(t, status("SESSION STATUS", "I2P_ERROR", "MASTER session is not supported"), reply)
		} else {
			assert.Contains(t, reply, noMessage)
		}
	})
}

// TestPrimaryDatagrams is in real time, as subsessions send and get their datagrams over UDP.
func TestPrimaryDatagrams(t *testing.T) {
	for _, r := range javas {
		t.Run(r.String(), func(t *testing.T) {
			nw := NewStrict(t)
			b := nw.Start(&Bridge{Router: r, BuildTime: -1})
			main, visitor := createStyle(t, b, "PRIMARY", ""), createStyle(t, b, "DATAGRAM", "")
			thrower := createStyle(t, b, "RAW", "")
			var subs []*user
			var sockets []net.PacketConn
			for _, style := range []string{"DATAGRAM", "DATAGRAM", "RAW"} {
				pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
				require.NoError(t, err)
				defer pc.Close()
				_, port, _ := net.SplitHostPort(pc.LocalAddr().String())
				listen := map[int]string{0: "0", 1: "5", 2: "7"}[len(subs)]
				subs = append(subs, main.add(style, " PORT="+port+" FROM_PORT="+listen+" LISTEN_PORT="+listen))
				sockets = append(sockets, pc)
			}
			read := func(i int) string {
				sockets[i].SetReadDeadline(time.Now().Add(10 * time.Second))
				buf := make([]byte, 2048)
				n, _, err := sockets[i].ReadFrom(buf)
				require.NoError(t, err)
				return string(buf[:n])
			}
			for port, i := range map[string]int{"0": 0, "5": 1, "6": 0} {
				visitor.gramSend("DATAGRAM", main.dest.Base64(), "to "+port, " TO_PORT="+port)
				assert.Equal(t, visitor.dest.Base64()+" FROM_PORT=0 TO_PORT="+port+"\nto "+port, read(i))
			}
			before := b.Stats().Lost
			thrower.gramSend("RAW", main.dest.Base64(), "nobody's", " TO_PORT=8")
			thrower.gramSend("RAW", main.dest.Base64(), "raw", " TO_PORT=7")
			assert.Equal(t, "raw", read(2))
			assert.Equal(t, before+1, b.Stats().Lost)

			to, err := net.ResolveUDPAddr("udp4", b.UDPAddr())
			require.NoError(t, err)
			_, err = sockets[1].WriteTo([]byte("3.0 "+subs[1].id+" "+visitor.dest.Base64()+"\nanswer"), to)
			require.NoError(t, err)
			assert.Equal(t, "DATAGRAM RECEIVED DESTINATION="+main.dest.Base64()+" SIZE=6 FROM_PORT=5 TO_PORT=0", visitor.line())
			main.remove(subs...)
		})
	}
}
