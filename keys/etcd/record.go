package etcdkeys

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-i2p/i2psocks/keys"
)

// maxSeconds leaves room for an etcd that makes TTLs longer.
const maxSeconds = int64(2 * maxTTL / time.Second)

// record says who owns a name, and how long to wait for that owner.
type record struct {
	Host string `json:"host,omitempty"`
	TTL  int64  `json:"ttl"` // seconds

	Lease int64 `json:"lease,omitempty"` // of the session; all claims of an owner end together
}

func (r record) String() string {
	b, _ := json.Marshal(r)
	return string(b)
}

func (r record) wait() time.Duration { return time.Duration(r.TTL) * time.Second }

// parseRecord refuses what no Store has written: it must not be guessed how long to wait.
func parseRecord(b []byte) (r record, err error) {
	if err := json.Unmarshal(b, &r); err != nil || len(r.Host) > maxHost || r.TTL < 1 || r.TTL > maxSeconds {
		return record{}, fmt.Errorf("%w: record of the owner", keys.ErrMalformed)
	}
	return r, nil
}

// meta is what is known of an identity beside itself.
type meta struct {
	Saved time.Time `json:"saved"`
	Label string    `json:"label,omitempty"`
}

func (m meta) String() string {
	b, _ := json.Marshal(m)
	return string(b)
}

// newMeta is that of an identity which is saved now.
func newMeta(label string) string { return meta{time.Now().UTC().Round(0), label}.String() }

// parseMeta returns the zero meta for what is damaged: nothing depends on it.
func parseMeta(b []byte) (m meta) {
	if json.Unmarshal(b, &m) != nil || !keys.ValidLabel(m.Label) {
		return meta{}
	}
	m.Saved = m.Saved.UTC()
	return m
}
