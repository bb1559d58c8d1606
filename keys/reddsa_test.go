package keys_test

import (
	"crypto/ecdh"
	"math/big"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/keys"
)

func TestGenerateRedDSA(t *testing.T) {
	seen := make(map[keys.Destination]bool)
	for range 20 {
		id, err := keys.GenerateRedDSA()
		require.NoError(t, err)
		d := id.Destination()
		assert.Equal(t, keys.RedDSA, d.SignatureType())
		assert.Len(t, d.Base64(), 524)
		assert.Len(t, id.Reveal(), 908)
		blob := decode(t, id.Reveal())
		assert.Equal(t, montgomery(d.SigningKey()), timesBase(t, blob[647:]), "the public key is the scalar times the base point")
		again, err := keys.ParseIdentity(id.Reveal())
		require.NoError(t, err)
		assert.Equal(t, d, again.Destination())
		seen[d] = true
	}
	assert.Len(t, seen, 20)
}

func littleEndian(b []byte) *big.Int {
	b = slices.Clone(b)
	slices.Reverse(b)
	return new(big.Int).SetBytes(b)
}

// montgomery maps a point of the Edwards curve to its u coordinate: (1+y)/(1-y), RFC 7748, section 4.1.
func montgomery(edwards []byte) *big.Int {
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	y := littleEndian(edwards)
	y.SetBit(y, 255, 0)
	one := big.NewInt(1)
	inverse := new(big.Int).ModInverse(new(big.Int).Mod(new(big.Int).Sub(one, y), p), p)
	return y.Mod(y.Mul(y.Add(y, one), inverse), p)
}

// timesBase multiplies X25519's base point. The function clamps its scalar, so one that is clamped already and
// equals s or -s modulo the order of the group takes the place of s.
func timesBase(t *testing.T, scalar []byte) *big.Int {
	order, _ := new(big.Int).SetString("1000000000000000000000000000000014DEF9DEA2F79CD65812631A5CF5D3ED", 16)
	s := littleEndian(scalar)
	require.Negative(t, s.Cmp(order))
	for _, n := range []*big.Int{s, new(big.Int).Sub(order, s)} {
		for range 8 {
			if n.Bit(0)+n.Bit(1)+n.Bit(2) == 0 && n.BitLen() == 255 {
				b := n.FillBytes(make([]byte, 32))
				slices.Reverse(b)
				private, err := ecdh.X25519().NewPrivateKey(b)
				require.NoError(t, err)
				return littleEndian(private.PublicKey().Bytes())
			}
			n = new(big.Int).Add(n, order)
		}
	}
	t.Fatal("no such scalar")
	return nil
}
