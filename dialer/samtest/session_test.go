package samtest

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBuildTime(t *testing.T) {
	want := map[Router]time.Duration{Instant: 0, Java: 2 * time.Second, I2PD245: 20 * time.Second, I2PD256: 3 * time.Second, I2PD259: 3 * time.Second}
	for _, r := range allRouters {
		bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
			start := time.Now()
			create(t, b, "")
			assert.Equal(t, want[r], time.Since(start))
			start = time.Now()
			create(t, nw.Start(&Bridge{Router: r, BuildTime: -1}), "")
			assert.Zero(t, time.Since(start))
			create(t, nw.Start(&Bridge{Router: r, BuildTime: time.Hour}), "")
			assert.Equal(t, time.Hour, time.Since(start))
		})
	}
}

func TestKeyIsKept(t *testing.T) {
	for _, r := range allRouters {
		bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
			u := create(t, b, "")
			assert.Equal(t, "NAMING REPLY RESULT=OK NAME=ME VALUE="+u.dest.Base64(), u.ask("NAMING LOOKUP NAME=ME"))
			u.nc.Close()
			time.Sleep(8 * time.Second)
			again := create(t, b, u.key)
			assert.Equal(t, u.key, again.key)
			assert.Equal(t, u.dest, again.dest)
			d, _ := pair(create(t, b, ""), again)
			d.nc.Close()
		})
	}
}

// TestDuplicateID: on Java the failed attempt unregisters the first session.
func TestDuplicateID(t *testing.T) {
	for _, r := range allRouters {
		bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
			u := create(t, b, "")
			s := open(t, b)
			assert.Equal(t, "SESSION STATUS RESULT=DUPLICATED_ID", s.ask("SESSION CREATE STYLE=STREAM ID="+u.id+" DESTINATION=TRANSIENT"))
			if b.f.i2pd {
				assert.Equal(t, "<EOF>", s.line())
			} else {
				assert.Contains(t, s.ask("NAMING LOOKUP NAME=x"), "KEY_NOT_FOUND")
			}
			assert.Contains(t, u.ask("NAMING LOOKUP NAME=ME"), u.dest.Base64())
			reply := open(t, b).ask("STREAM ACCEPT ID=" + u.id)
			if r == Java {
				assert.Contains(t, reply, "INVALID_ID")
			} else {
				assert.Equal(t, "STREAM STATUS RESULT=OK", reply)
			}
		})
	}
}

// TestSameKey: i2pd hands the destination out a second time, and takes it away.
func TestSameKey(t *testing.T) {
	for _, r := range allRouters {
		bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
			u, peer := create(t, b, ""), create(t, nw.Start(&Bridge{Router: r}), "")
			s := open(t, b)
			start := time.Now()
			reply := s.ask("SESSION CREATE STYLE=STREAM ID=" + newID() + " DESTINATION=" + u.key)
			assert.Zero(t, time.Since(start))
			if !b.f.i2pd {
				assert.Equal(t, "SESSION STATUS RESULT=DUPLICATED_DEST", reply)
				u.nc.Close()
				synctest.Wait()
				assert.Contains(t, s.ask("SESSION CREATE STYLE=STREAM ID="+newID()+" DESTINATION="+u.key), "RESULT=OK")
				return
			}
			require.Contains(t, reply, "RESULT=OK")
			s.nc.Close()
			time.Sleep(lingering + time.Millisecond)
			poisoned(t, u, peer)
		})
	}
}

// TestRecycledKey uses a key closed a moment ago.
func TestRecycledKey(t *testing.T) {
	for _, r := range []Router{I2PD245, I2PD256, I2PD259} {
		for gap, good := range map[time.Duration]bool{100 * time.Millisecond: false, 4 * time.Second: false, 5500 * time.Millisecond: true} {
			bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
				u, peer := create(t, b, ""), create(t, nw.Start(&Bridge{Router: r}), "")
				u.nc.Close()
				time.Sleep(gap)
				start := time.Now()
				again := create(t, b, u.key)
				if good {
					assert.Equal(t, b.f.build, time.Since(start))
				} else {
					assert.Zero(t, time.Since(start))
				}
				d, _ := pair(peer, again) // it works until its destination is dropped
				d.nc.Close()
				time.Sleep(6 * time.Second)
				if good {
					d, _ = pair(peer, again)
					d.nc.Close()
				} else {
					poisoned(t, again, peer)
				}
			})
		}
	}
}

// poisoned checks that a session looks alive and is dead.
func poisoned(t *testing.T, u, peer *user) {
	t.Helper()
	assert.Contains(t, u.ask("NAMING LOOKUP NAME=ME"), u.dest.Base64())
	acc := u.accept()
	d, reply := peer.connect(u.dest.Base32())
	assert.Equal(t, "STREAM STATUS RESULT=OK", reply)
	assert.Equal(t, "silence", acc.hear())
	assert.Equal(t, "silence", d.hear())
	_, reply = u.connect(peer.dest.Base32())
	assert.Equal(t, "STREAM STATUS RESULT=INVALID_ID", reply)
}

// TestSecondSession: i2pd makes it, and never ends the first one.
func TestSecondSession(t *testing.T) {
	for _, r := range allRouters {
		bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
			u := create(t, b, "")
			second := newID()
			reply := u.ask("SESSION CREATE STYLE=STREAM ID=" + second + " DESTINATION=TRANSIENT SIGNATURE_TYPE=7")
			if !b.f.i2pd {
				assert.Equal(t, `SESSION STATUS RESULT=I2P_ERROR MESSAGE="Session already exists"`, reply)
				return
			}
			assert.Contains(t, reply, "RESULT=OK")
			u.nc.Close()
			synctest.Wait()
			create := "SESSION CREATE STYLE=STREAM DESTINATION=TRANSIENT ID="
			assert.Equal(t, "SESSION STATUS RESULT=DUPLICATED_ID", open(t, b).ask(create+u.id))
			assert.Contains(t, open(t, b).ask(create+second), "RESULT=OK")
		})
	}
}

// TestLeaveWhileBuilding closes the control connection before the tunnels stand.
func TestLeaveWhileBuilding(t *testing.T) {
	for _, r := range []Router{Java, I2PD245, I2PD259} {
		bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
			first := create(t, b, "")
			first.nc.Close()
			time.Sleep(10 * time.Second)
			id := newID()
			line := "SESSION CREATE STYLE=STREAM ID=" + id + " DESTINATION=" + first.key
			s, other := open(t, b), open(t, b)
			s.send(line + "\n")
			synctest.Wait()

			busy := other.ask("STREAM ACCEPT ID=" + id)
			dial := open(t, b).ask("STREAM CONNECT ID=" + id + " DESTINATION=" + first.dest.Base32())
			if b.f.i2pd {
				assert.Equal(t, "STREAM STATUS RESULT=OK", busy)
				assert.Contains(t, dial, "STREAM STATUS RESULT=CANT_REACH_PEER")
			} else {
				assert.Contains(t, busy, "is not a STREAM session")
				assert.Contains(t, dial, "is not a STREAM session")
			}
			s.nc.Close()
			synctest.Wait()
			assert.Equal(t, "SESSION STATUS RESULT=DUPLICATED_ID", open(t, b).ask(line))
			if r == Java {
				assert.Equal(t, "SESSION STATUS RESULT=DUPLICATED_DEST", open(t, b).ask("SESSION CREATE STYLE=STREAM ID="+newID()+" DESTINATION="+first.key))
			}
			time.Sleep(20 * time.Second)
			assert.Contains(t, open(t, b).ask(line), "RESULT=OK")
		})
	}
}

func TestNaming(t *testing.T) {
	const nobody = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b32.i2p"
	wait := map[Router]time.Duration{Java: 15 * time.Second, I2PD256: 4800 * time.Millisecond, I2PD259: 6400 * time.Millisecond}
	for _, r := range allRouters {
		bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
			u := create(t, b, "")
			nw.SetHost("Example.i2p", u.dest)
			s := open(t, b)
			for name, found := range map[string]bool{
				"example.i2p": true, "EXAMPLE.i2p": !b.f.i2pd, u.dest.Base32(): true, u.dest.Base64(): true,
				u.dest.Base64()[:520]: false, u.dest.Base64()[:522]: !b.f.i2pd, "short.b32.i2p": false, "example.i2p.": false,
			} {
				want := "NAMING REPLY RESULT=OK NAME=" + name + " VALUE=" + u.dest.Base64()
				if !found {
					want = "NAMING REPLY RESULT=KEY_NOT_FOUND NAME=" + name
					if b.f.i2pd {
						want = "NAMING REPLY RESULT=INVALID_KEY NAME=" + name
					}
				}
				assert.Equal(t, want, s.ask("NAMING LOOKUP NAME="+name))
			}
			start := time.Now()
			assert.Contains(t, s.ask("NAMING LOOKUP NAME="+nobody), "NAME="+nobody)
			assert.Equal(t, wait[r], time.Since(start))

			nw.SetHost("example.i2p", create(t, b, "").dest)
			assert.NotContains(t, s.ask("NAMING LOOKUP NAME=example.i2p"), u.dest.Base64())
		})
	}
}
