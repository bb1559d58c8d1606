package addrbook_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	_ "crypto/sha256"
	_ "crypto/sha512"
	"encoding/base64"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/keys"
)

var base64I2P = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~")

func sequence(from byte) []byte {
	b := make([]byte, 32)
	for i := range b {
		b[i] = from + byte(i)
	}
	return b
}

// vector makes the identities of the vectors: all but the seed is filler.
func vector(t testing.TB, seed, padding byte) keys.Identity {
	id, err := keys.IdentityFromBytes(vectorBytes(seed, padding))
	require.NoError(t, err)
	return id
}

// The results of "example.i2p" with the date 1700000000, computed by two
// programs of other languages.
const (
	sigDated    = "D~K5l0mTprZmbu7vjzCaizOyHzEjKiHaFQaqz-GTGM6youbkMAGm1JDEVIXedPTA2uCaQ6rQJIWSbDxbScgSDw=="
	sigBare     = "InqrLTA~6mC2qbSWp6SxNgLx1jsQ-hh1ovk44LVG0IwBtWsPg~HZ0qNH3C6AYn~nfoTn9v6GDGBxZXOkjodnCw=="
	sigRemove   = "ue3Cx-BDTTsi2m4qk8bh3TgORoMRT8cBpg-PBLOjFzsq6-TWDx6G5EKaErw0DhcBkBtzKEsu7vRrNPz3FJRPDQ=="
	oldsigMoved = "Z6llISRgL54h9Xa99mtZjLQXK4aYn9QKmeT0IwhWF~LuOd7CoWx-n0lx5qz1MVP8042FYvJp2Hko~Dcwl1nVBg=="
	sigMoved    = "1HtvlEWAyFM9vupPU7PfCOfhHZ8gyKK-OOk1KXX9N1wSV30ZLRTNYoEUP5KHd0cWsAz78zky63~mUfKI7m6uDg=="
)

func TestVectors(t *testing.T) {
	first, second := vector(t, 0, 0x40), vector(t, 0x20, 0x60)
	require.Equal(t, "baz5fnifptdznvtavtm5kvpi3lhn54pxhfpwvifwtlx564e272yq.b32.i2p", first.String())
	require.Equal(t, "2ggey5v52vg7gd4qx3j37xcqi4q2cqevvak2o4s6vrejgkupw5sq.b32.i2p", second.String())
	e, e2 := first.Destination().Base64(), second.Destination().Base64()
	tests := map[string]struct {
		line   string // without what is signed in the end
		old    *keys.Identity
		signer keys.Identity
		want   string
	}{
		"dated":      {"example.i2p=" + e + "#!date=1700000000", nil, first, "#sig=" + sigDated},
		"bare":       {"example.i2p=" + e, nil, first, "#!sig=" + sigBare},
		"remove":     {"#!action=remove#date=1700000000#dest=" + e + "#name=example.i2p", nil, first, "#sig=" + sigRemove},
		"changedest": {"example.i2p=" + e2 + "#!action=changedest#date=1700000000#olddest=" + e, &first, second, "#oldsig=" + oldsigMoved + "#sig=" + sigMoved},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r, err := addrbook.ParseRecord(tt.line)
			require.NoError(t, err)
			assert.ErrorIs(t, r.Verify(), addrbook.ErrSignature, "not signed yet")
			if tt.old != nil {
				r, err = r.SignOld(*tt.old)
				require.NoError(t, err)
			}
			r, err = r.Sign(tt.signer)
			require.NoError(t, err)
			assert.Equal(t, tt.line+tt.want, r.String())
			again, err := addrbook.ParseRecord(tt.line + tt.want)
			require.NoError(t, err)
			assert.Equal(t, r, again)
			assert.NoError(t, again.Verify())

			swapped := again
			swapped.Properties = append([]addrbook.Property{again.Properties[len(again.Properties)-1]}, again.Properties[:len(again.Properties)-1]...)
			assert.NoError(t, swapped.Verify(), "the order does not count")
			for i, p := range again.Properties {
				broken := again
				broken.Properties = append(broken.Properties[:i:i], broken.Properties[i+1:]...)
				assert.Error(t, broken.Verify(), "without %s", p.Key)
			}
			extra := again
			extra.Properties = append(again.Properties[:len(again.Properties):len(again.Properties)], addrbook.Property{Key: "x", Value: "y"})
			assert.ErrorIs(t, extra.Verify(), addrbook.ErrSignature, "with one more")
		})
	}
}

func TestVerifyRefuses(t *testing.T) {
	first, second := vector(t, 0, 0x40), vector(t, 0x20, 0x60)
	e, e2 := first.Destination().Base64(), second.Destination().Base64()
	for name, line := range map[string]string{
		"none":                    "example.i2p=" + e,
		"another name":            "other.i2p=" + e + "#!sig=" + sigBare,
		"another destination":     "example.i2p=" + e2 + "#!sig=" + sigBare,
		"short":                   "example.i2p=" + e + "#!sig=" + sigBare[:80],
		"not base64":              "example.i2p=" + e + "#!sig=" + strings.Repeat("!", 88),
		"old one made by the new": "example.i2p=" + e2 + "#!action=changedest#date=1700000000#olddest=" + e2 + "#oldsig=" + oldsigMoved + "#sig=" + sigMoved,
		"old one missing":         "example.i2p=" + e2 + "#!action=changedest#date=1700000000#olddest=" + e + "#sig=" + sigMoved,
		"old destination missing": "example.i2p=" + e2 + "#!action=changedest#date=1700000000#oldsig=" + oldsigMoved + "#sig=" + sigMoved,
		"removal of another":      "#!action=remove#date=1700000000#dest=" + e2 + "#name=example.i2p#sig=" + sigRemove,
		"removal of nothing":      "#!action=remove#date=1700000000#name=example.i2p#sig=" + sigRemove,
		"removal promoted":        "#!action=removeall#date=1700000000#dest=" + e + "#name=example.i2p#sig=" + sigRemove,
	} {
		r, err := addrbook.ParseRecord(line)
		require.NoError(t, err, name)
		assert.Error(t, r.Verify(), name)
	}
	r, err := addrbook.ParseRecord("example.i2p=" + e2 + "#!olddest=" + e)
	require.NoError(t, err)
	_, err = r.SignOld(second)
	assert.ErrorIs(t, err, addrbook.ErrSignature, "not its destination")
	_, err = r.Sign(first)
	assert.ErrorIs(t, err, addrbook.ErrSignature)
	r, err = r.SignOld(forger{second, first.Destination()})
	require.NoError(t, err)
	r, err = r.Sign(second)
	require.NoError(t, err)
	assert.ErrorIs(t, r.Verify(), addrbook.ErrSignature, "the new destination signed for the old one")
}

func TestParseRecordRefuses(t *testing.T) {
	e := vector(t, 0, 0x40).Destination().Base64()
	for name, line := range map[string]string{
		"no value":           "a.i2p=" + e + "#!x=",
		"no key":             "a.i2p=" + e + "#!=x",
		"no equals sign":     "a.i2p=" + e + "#!x",
		"empty":              "a.i2p=" + e + "#!",
		"gap":                "a.i2p=" + e + "#!a=b##c=d",
		"twice":              "a.i2p=" + e + "#!a=b#a=c",
		"control":            "a.i2p=" + e + "#!a=b\x00",
		"carriage return":    "a.i2p=" + e + "#!a=b\rc",
		"not UTF-8":          "a.i2p=" + e + "#!a=\xff",
		"command, no action": "#!name=a.i2p",
		"not a removal":      "#!action=addname#name=a.i2p",
		"bad entry":          "router.i2p=" + e + "#!a=b",
	} {
		r, err := addrbook.ParseRecord(line)
		assert.Error(t, err, name)
		assert.Zero(t, r, name)
	}
	for _, line := range []string{"", "# x", "; #!a", "#a#!b", "  "} {
		r, err := addrbook.ParseRecord(line)
		assert.NoError(t, err, line)
		assert.Zero(t, r, line)
	}
	r, err := addrbook.ParseRecord("A.i2p = " + e + " # hello #!x")
	require.NoError(t, err)
	assert.Equal(t, "a.i2p="+e, r.String(), "a comment is not a property")
}

// withKey makes a destination around a public signing key.
func withKey(t *testing.T, typ keys.SignatureType, public []byte) keys.Destination {
	b := make([]byte, 384)
	inField := min(len(public), 128)
	copy(b[384-inField:], public[:inField])
	rest := public[inField:]
	if typ == keys.DSASHA1 {
		b = append(b, 0, 0, 0)
	} else {
		b = append(b, 5, 0, byte(4+len(rest)), 0, byte(typ), 0, 0)
	}
	d, err := keys.DestinationFromBytes(append(b, rest...))
	require.NoError(t, err)
	return d
}

func TestVerifyOldTypes(t *testing.T) {
	signers := map[keys.SignatureType]func([]byte) []byte{}
	dests := map[keys.SignatureType]keys.Destination{}
	for typ, kind := range map[keys.SignatureType]struct {
		curve elliptic.Curve
		hash  crypto.Hash
	}{keys.P256: {elliptic.P256(), crypto.SHA256}, keys.P384: {elliptic.P384(), crypto.SHA384}, keys.P521: {elliptic.P521(), crypto.SHA512}} {
		private, err := ecdsa.GenerateKey(kind.curve, rand.Reader)
		require.NoError(t, err)
		public, err := private.PublicKey.Bytes()
		require.NoError(t, err)
		dests[typ] = withKey(t, typ, public[1:])
		signers[typ] = func(message []byte) []byte {
			h := kind.hash.New()
			h.Write(message)
			r, s, err := ecdsa.Sign(rand.Reader, private, h.Sum(nil))
			require.NoError(t, err)
			return pair(r, s, (len(public)-1)/2)
		}
	}
	for typ, d := range dests {
		t.Run(typ.String(), func(t *testing.T) {
			line := "a.i2p=" + d.Base64()
			sig := signers[typ]([]byte(line))
			r, err := addrbook.ParseRecord(line + "#!sig=" + base64I2P.EncodeToString(sig))
			require.NoError(t, err)
			assert.NoError(t, r.Verify())
			for _, bad := range [][]byte{sig[1:], append([]byte{0}, sig...), bytes.Repeat([]byte{0}, len(sig)), append([]byte{sig[0] ^ 1}, sig[1:]...)} {
				r, err := addrbook.ParseRecord(line + "#!sig=" + base64I2P.EncodeToString(bad))
				require.NoError(t, err)
				assert.ErrorIs(t, r.Verify(), addrbook.ErrSignature)
			}
			_, err = r.Sign(keys.Identity{})
			assert.Error(t, err)
		})
	}
}

func pair(r, s *big.Int, n int) []byte {
	return append(r.FillBytes(make([]byte, n)), s.FillBytes(make([]byte, n))...)
}

// TestVerifyZeroKeys: keys that are no points are refused, not believed.
func TestVerifyZeroKeys(t *testing.T) {
	for typ, n := range map[keys.SignatureType]int{keys.DSASHA1: 128, keys.P256: 64, keys.P384: 96, keys.P521: 132} {
		d := withKey(t, typ, make([]byte, n))
		for _, size := range []int{0, 1, 40, 64, 96, 132} {
			r := addrbook.Record{Name: "a.i2p", Destination: d, Properties: []addrbook.Property{{Key: "sig", Value: base64I2P.EncodeToString(make([]byte, size))}}}
			assert.ErrorIs(t, r.Verify(), addrbook.ErrSignature)
		}
	}
}

// BenchmarkManyProperties reads the line that costs most, of which a feed may have 320.
func BenchmarkManyProperties(b *testing.B) {
	var line strings.Builder
	line.WriteString("a.i2p=" + b64(identity(b)) + "#!")
	for i := 0; line.Len() < 16_000; i++ {
		fmt.Fprintf(&line, "%s=x#", strconv.FormatInt(int64(i), 36))
	}
	text := strings.TrimSuffix(line.String(), "#")
	for b.Loop() {
		_, err := addrbook.ParseRecord(text)
		require.NoError(b, err)
	}
}

func FuzzParseRecord(f *testing.F) {
	e := vector(f, 0, 0x40).Destination().Base64()
	f.Add("example.i2p=" + e + "#!date=1700000000#sig=" + sigDated)
	f.Add("#!action=remove#date=1700000000#dest=" + e + "#name=example.i2p#sig=" + sigRemove)
	f.Add("A.i2p = " + e + " # x")
	f.Add("#!action=removeall#a==#b=#")
	f.Fuzz(func(t *testing.T, line string) {
		r, err := addrbook.ParseRecord(line)
		if err != nil {
			require.Zero(t, r)
			return
		}
		r.Verify()
		again, err := addrbook.ParseRecord(r.String())
		require.NoError(t, err)
		require.Equal(t, r, again)
		require.NotContains(t, r.String(), "\n")
	})
}
