package packet

import (
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type vector struct {
	name string
	raw  []byte
}

// vectors reads what routers and we have said to each other.
func vectors(t testing.TB) (list []vector) {
	text, err := os.ReadFile("testdata/exchanges.txt")
	require.NoError(t, err)
	name, group := "", ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch raw, err := hex.DecodeString(line); {
		case line == "":
		case strings.HasPrefix(line, "#"):
			group = line[2:]
		case err != nil:
			name = line
		default:
			list = append(list, vector{group + ": " + name, raw})
		}
	}
	require.Greater(t, len(list), 25)
	return list
}

// Every packet that was really seen is read, written again byte by byte, and its
// signature holds.
func TestVectors(t *testing.T) {
	names := make(map[uint32]Key) // who sent with which ReceiveID
	for _, v := range vectors(t) {
		t.Run(v.name, func(t *testing.T) {
			p, err := Parse(v.raw)
			require.NoError(t, err)
			assert.Contains(t, v.name, fmt.Sprintf("send=%08x recv=%08x seq=%d ack=%d", p.SendID, p.ReceiveID, p.Sequence, p.AckThrough))
			assert.True(t, strings.HasSuffix(v.name, fmt.Sprintf("data=%d", len(p.Payload))))
			again, err := p.Append(nil)
			require.NoError(t, err)
			assert.Equal(t, v.raw, again)
			if p.Flags.Has(FromIncluded) {
				_, key, err := p.Sender(time.Time{})
				require.NoError(t, err)
				names[p.ReceiveID] = key
			}
			if p.Flags.Has(SignatureIncluded) {
				require.NoError(t, p.Verify(v.raw, names[p.ReceiveID]))
			}
			assert.Equal(t, p.Opens(), p.NamesReceiver())
		})
	}
}

// The SYN of the dialler names the acceptor's destination by its hash.
func TestVectorsNameTheirReceiver(t *testing.T) {
	list := vectors(t)
	syn, err := Parse(list[0].raw)
	require.NoError(t, err)
	answer, err := Parse(list[1].raw)
	require.NoError(t, err)
	acceptor, _, err := answer.Sender(time.Time{})
	require.NoError(t, err)
	dialler, _, err := syn.Sender(time.Time{})
	require.NoError(t, err)
	assert.True(t, syn.ForReceiver(acceptor.Hash()))
	assert.False(t, syn.ForReceiver(dialler.Hash()))

	syn.SetReceiver(dialler.Hash())
	assert.True(t, syn.ForReceiver(dialler.Hash()))
	assert.True(t, answer.ForReceiver(dialler.Hash()), "an answer names nobody")
}
