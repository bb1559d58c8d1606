package i2cp

import (
	"crypto/ecdh"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/i2cpwire"
	"github.com/go-i2p/i2psocks/keys"
)

// keyPair is what peers encrypt to, fresh for each session on a router.
type keyPair struct {
	kind    i2cpwire.EncryptionType
	private *ecdh.PrivateKey
}

func newKeyPair(t i2cpwire.EncryptionType) keyPair {
	private, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil { // crypto/rand ends the process instead
		panic("i2cp: " + err.Error())
	}
	return keyPair{t, private}
}

const (
	signTries = 3               // of a lease set, by a signer that fails
	signPause = 2 * time.Second // between them: i2pd waits for 10 s
)

// answerLeaseSets answers each request for a lease set, and makes a new one when the key of an encrypted one changes,
// of which no router thinks.
func (l *live) answerLeaseSets() {
	var last []i2cpwire.Lease
	midnight := time.NewTimer(l.untilMidnight())
	defer midnight.Stop()
	for {
		select {
		case <-l.ctx.Done():
			return
		case m := <-l.requests:
			last = m.Leases
		case <-midnight.C:
			midnight.Reset(l.untilMidnight())
			if !l.session.params.leases.encrypted || last == nil {
				continue
			}
		}
		if err := l.publish(last); err != nil {
			l.kill(err)
			return
		}
	}
}

// untilMidnight is how long it is to the next day in UTC, and a moment.
func (l *live) untilMidnight() time.Duration {
	now := l.now().UTC()
	return now.Truncate(24 * time.Hour).Add(24*time.Hour + time.Second).Sub(now)
}

// publish gives the router a lease set. A signer that fails is tried again, for as long as it makes sense.
func (l *live) publish(leases []i2cpwire.Lease) error {
	for try := 1; ; try++ {
		m, err := l.leaseSet(leases)
		if err == nil {
			l.send(m)
			select {
			case <-l.leased:
			default:
				close(l.leased)
				l.identify()
			}
			return nil
		}
		l.session.Logger.Warn("i2p lease set not signed", "err", err)
		if try == signTries {
			return fmt.Errorf("lease set: %w", err)
		}
		select {
		case <-time.After(signPause):
		case <-l.ctx.Done():
			return nil
		}
	}
}

// clockStep is by how much the clocks of two routers may differ. A lease set from further ahead was refused by
// everybody, so that the next one need not be newer.
const clockStep = 60 // seconds

// date returns the time of a lease set. Those of all that were ever made increase: others keep the newest.
func (l *live) date() int64 {
	now, last := l.now().Unix(), l.session.published.Load()
	if last-now > clockStep {
		return now
	}
	return max(now, last+1)
}

// leaseSet makes the lease set of some leases.
func (l *live) leaseSet(leases []i2cpwire.Lease) (i2cpwire.CreateLeaseSet2, error) {
	s := l.session
	published := l.date()
	ls := i2cpwire.LeaseSet{
		Published: time.Unix(published, 0), Expires: time.Unix(published, 0), Leases: leases, Unpublished: s.DialOnly,
	}
	m := i2cpwire.CreateLeaseSet2{Session: l.id, Kind: i2cpwire.LeaseSet2Type}
	for _, lease := range leases {
		if lease.End.After(ls.Expires) {
			ls.Expires = lease.End
		}
	}
	for _, k := range l.keys {
		ls.Keys = append(ls.Keys, i2cpwire.EncryptionKey{Type: k.kind, Key: k.private.PublicKey().Bytes()})
		m.Keys = append(m.Keys, i2cpwire.EncryptionKey{Type: k.kind, Key: k.private.Bytes()})
	}
	var err error
	if s.params.leases.encrypted {
		m.Kind = i2cpwire.EncryptedLeaseSetType
		m.LeaseSet, err = ls.SignEncrypted(nil, s.signer.(keys.BlindedSigner), s.params.leases.clients())
	} else {
		m.LeaseSet, err = ls.Sign(nil, s.signer)
	}
	if err == nil {
		s.published.Store(published)
	}
	return m, err
}

// identify asks what router this is: i2pd puts its session into the answer to a question that names none. One that
// does not answer in time is taken for i2pd.
func (l *live) identify() {
	q := i2cpwire.HostLookup{Session: i2cpwire.NoSession, Timeout: answerTimeout, Name: "router.invalid"}
	request := l.ask(q, func(m i2cpwire.HostReply, ok bool) {
		l.java = ok && m.Session == i2cpwire.NoSession
		close(l.known)
	})
	time.AfterFunc(answerTimeout, func() {
		if f := l.lookups.forget(request); f != nil {
			f(i2cpwire.HostReply{}, false)
		}
	})
}
