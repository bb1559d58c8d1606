package samtest

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/keys"
)

// createWith makes a session with further options.
func createWith(t *testing.T, b *Bridge, options string) *user {
	t.Helper()
	u := &user{sock: open(t, b), b: b, id: newID()}
	key, ok := strings.CutPrefix(u.ask("SESSION CREATE STYLE=STREAM ID="+u.id+" DESTINATION=TRANSIENT SIGNATURE_TYPE=7"+options), "SESSION STATUS RESULT=OK DESTINATION=")
	require.True(t, ok)
	id, err := keys.ParseIdentity(key)
	require.NoError(t, err)
	u.key, u.dest = key, id.Destination()
	return u
}

// blinded returns the encrypted name of a session, with or without the flag that clients need a key.
func (u *user) blinded(auth bool) string {
	h, err := i2phost.Blinded{SignatureType: 7, Key: [32]byte(u.dest.SigningKey()), NeedsAuth: auth}.Host()
	require.NoError(u.t, err)
	return h.String()
}

// TestEncryptedLeaseSets: they are found by their own name alone, and with a key if they want one.
func TestEncryptedLeaseSets(t *testing.T) {
	key, other := keys.GenerateLeaseSetKey(), keys.GenerateLeaseSetKey()
	const none = " i2cp.leaseSetEncType=4 i2cp.leaseSetType=5"
	for name, tc := range map[string]struct {
		server string
		open   bool // to all who know the name
		served keys.LeaseSetKey
	}{
		"none":  {none, true, keys.LeaseSetKey{}},
		"DH":    {none + " i2cp.leaseSetAuthType=1 i2cp.leaseSetClient.dh.0=bQ==:" + key.Public().String(), false, key},
		"PSK":   {none + " i2cp.leaseSetAuthType=2 i2cp.leaseSetClient.psk.0=bQ==:" + key.Reveal(), false, key},
		"wrong": {none + " i2cp.leaseSetAuthType=2 i2cp.leaseSetClient.dh.0=bQ==:" + key.Public().String(), true, other},
	} {
		for _, r := range allRouters {
			t.Run(name+"/"+r.String(), func(t *testing.T) {
				bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
					server := createWith(t, b, tc.server)
					stranger := createWith(t, nw.Start(&Bridge{Router: r}), " i2cp.leaseSetEncType=4")
					known := createWith(t, nw.Start(&Bridge{Router: r}), " i2cp.leaseSetEncType=4 i2cp.leaseSetPrivKey="+orElse(tc.served.Reveal(), other.Reveal()))
					wrong := createWith(t, nw.Start(&Bridge{Router: r}), " i2cp.leaseSetEncType=4 i2cp.leaseSetPrivKey="+keys.GenerateLeaseSetKey().Reveal())
					for _, u := range []*user{stranger, wrong} {
						if !tc.open {
							_, reply := u.connect(server.blinded(true))
							assert.Contains(t, reply, "STREAM STATUS RESULT="+b.f.notFound())
							assert.NotContains(t, u.ask("NAMING LOOKUP NAME="+server.blinded(true)), "RESULT=OK")
						}
					}
					for _, flag := range []bool{false, true} { // which is advice only
						acc := server.accept()
						server.waits(1)
						_, reply := known.connect(server.blinded(flag))
						assert.Equal(t, "STREAM STATUS RESULT=OK", reply)
						assert.True(t, strings.HasPrefix(acc.line(), known.dest.Base64()))
						assert.Contains(t, known.ask("NAMING LOOKUP NAME="+server.blinded(flag)), "VALUE="+server.dest.Base64())
					}
					aside := open(t, known.b).ask("NAMING LOOKUP NAME=" + server.blinded(true))
					assert.Equal(t, tc.open, strings.Contains(aside, "RESULT=OK"), "the key is the session's alone")
					_, reply := known.connect(server.dest.Base32())
					assert.Contains(t, reply, "STREAM STATUS RESULT="+b.f.notFound(), "not by the usual name")
					_, reply = known.connect(server.dest.Base64())
					assert.Contains(t, reply, "STREAM STATUS RESULT=CANT_REACH_PEER")
					assert.Empty(t, nw.Violations())

					server.nc.Close()
					time.Sleep(lingering + leaseTime + time.Second)
					later := createWith(t, b, " i2cp.leaseSetEncType=4 i2cp.leaseSetPrivKey="+key.Reveal())
					_, reply = later.connect(server.blinded(false))
					assert.Contains(t, reply, "STREAM STATUS RESULT="+b.f.notFound())
				})
			})
		}
	}
}

// notFound is the result of a connect to a name that no lease set is found for.
func (f *flavour) notFound() string {
	if f.i2pd {
		return "CANT_REACH_PEER"
	}
	return "INVALID_KEY"
}

// TestEncryptionTypes: what a client and a server offer must meet, and routers say so differently.
func TestEncryptionTypes(t *testing.T) {
	const incompatible = `STREAM STATUS RESULT=CANT_REACH_PEER MESSAGE="Incompatible crypto"`
	const timedOut = `STREAM STATUS RESULT=CANT_REACH_PEER MESSAGE="Connection timed out"`
	const ok, silence = "STREAM STATUS RESULT=OK", "OK, then silence"
	for _, tc := range []struct {
		router         Router
		client, server string
		want           string
	}{
		{I2PD259, "4", "6,4", ok}, {I2PD259, "6,4", "4", ok}, {I2PD259, "4,0", "4", ok}, {I2PD259, "", "6", ok}, {I2PD259, "4", "", ok}, {I2PD259, "6,4", "4,6", ok},
		{I2PD259, "4", "6", incompatible}, {I2PD259, "6", "5", incompatible}, {I2PD259, "4", "0", incompatible},
		{I2PD259, "4,0", "6", silence}, {I2PD259, "", "7", silence},
		{I2PD256, "4", "0", incompatible}, {I2PD256, "4", "", ok}, {I2PD256, "0", "4", silence},
		{I2PD245, "4", "0", silence}, {I2PD245, "4", "4,0", ok}, {I2PD245, "", "", ok},
		{Java, "4", "0", timedOut}, {Java, "4,0", "0", ok}, {Instant, "4", "0", timedOut}, {Instant, "4", "", ok},
	} {
		t.Run(fmt.Sprint(tc.router, " ", tc.client, " to ", tc.server), func(t *testing.T) {
			bubble(t, tc.router, func(t *testing.T, nw *Network, b *Bridge) {
				option := func(v string) string {
					if v == "" {
						return ""
					}
					return " i2cp.leaseSetEncType=" + v
				}
				server, client := createWith(t, b, option(tc.server)), createWith(t, nw.Start(&Bridge{Router: tc.router}), option(tc.client))
				acc := server.accept()
				server.waits(1)
				s, reply := client.connect(server.dest.Base32())
				if tc.want == silence {
					assert.Equal(t, ok, reply)
					assert.Equal(t, "silence", s.hear())
					assert.Equal(t, "silence", acc.hear())
					return
				}
				assert.Equal(t, tc.want, reply)
				if tc.want == ok {
					assert.True(t, strings.HasPrefix(acc.line(), client.dest.Base64()))
				}
			})
		})
	}
}

// TestPassword: Java wants user and password, i2pd knows none.
func TestPassword(t *testing.T) {
	for _, r := range allRouters {
		bubble(t, r, func(t *testing.T, nw *Network, _ *Bridge) {
			b := nw.Start(&Bridge{Router: r, User: "me", Password: "hunter2"})
			for login, refusal := range map[string]string{
				"":                            "USER and PASSWORD required",
				" USER=me":                    "USER and PASSWORD required",
				" PASSWORD=hunter2":           "USER and PASSWORD required",
				" USER=me PASSWORD=hunter3":   "Authorization failed",
				" USER=you PASSWORD=hunter2":  "Authorization failed",
				" USER=me PASSWORD=hunter2":   "",
				` USER=me PASSWORD="hunter2"`: "",
			} {
				s := dial(t, b)
				reply := s.ask("HELLO VERSION MIN=3.1 MAX=3.3" + login)
				if refusal == "" || b.f.i2pd {
					assert.Contains(t, reply, "HELLO REPLY RESULT=OK")
					continue
				}
				assert.Equal(t, `HELLO REPLY RESULT=I2P_ERROR MESSAGE="`+refusal+`"`, reply)
				assert.Equal(t, "<EOF>", s.line())
			}
			synctest.Wait()
			assert.Empty(t, nw.Violations())
			assert.NotContains(t, fmt.Sprint(b.Commands()), "hunter")
		})
	}
}
