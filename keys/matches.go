package keys

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"math/big"
)

// matches reports whether the public signing key follows from the private one.
// Routers do not check it: with a wrong pair they can only sign wrongly.
func matches(t SignatureType, private, public []byte) bool {
	switch t {
	case DSASHA1:
		return bytes.Equal(dsaPublic(private), public)
	case P256:
		return matchesCurve(ecdh.P256(), private, public)
	case P384:
		return matchesCurve(ecdh.P384(), private, public)
	case P521:
		return matchesCurve(ecdh.P521(), private, public)
	case Ed25519:
		return bytes.Equal(ed25519.NewKeyFromSeed(private)[ed25519.SeedSize:], public)
	case RedDSA:
		return bytes.Equal(redDSAPublic(private), public) // a scalar, not a seed
	}
	return false
}

// matchesCurve compares with X and Y; Go puts a byte 4 before them.
func matchesCurve(c ecdh.Curve, private, public []byte) bool {
	key, err := c.NewPrivateKey(private)
	return err == nil && bytes.Equal(key.PublicKey().Bytes()[1:], public)
}

// The DSA group that all of I2P shares: I2P cryptography specification, "DSA".
const (
	dsaP = "9C05B2AA960D9B97B8931963C9CC9E8C3026E9B8ED92FAD0A69CC886D5BF8015" +
		"FCADAE31A0AD18FAB3F01B00A358DE237655C4964AFAA2B337E96AD316B9FB1C" +
		"C564B5AEC5B69A9FF6C3E4548707FEF8503D91DD8602E867E6D35D2235C1869C" +
		"E2479C3B9D5401DE04E0727FB33D6511285D4CF29538D9E3B6051F5B22CC1C93"
	dsaQ = "A5DFC28FEF4CA1E286744CD8EED9D29D684046B7"
	dsaG = "0C1F4D27D40093B429E962D7223824E0BBC47E7C832A39236FC683AF84889581" +
		"075FF9082ED32353D4374D7301CDA1D23C431F4698599DDA02451824FF369752" +
		"593647CC3DDC197DE985E43D136CDCFC6BD5409CD2F450821142A5E6F8EB1C3A" +
		"B5D0484B8129FCF17BCE4F7F33321C3CB3DBB14A905E7B2B3E93BE4708CBCC82"
)

// dsaPublic computes the public key, once per import; math/big does not hide
// its timing. The result is nil when the private key is out of range.
func dsaPublic(private []byte) []byte {
	x := new(big.Int).SetBytes(private)
	if x.Cmp(fromHex(dsaQ)) >= 0 {
		return nil
	}
	y := new(big.Int).Exp(fromHex(dsaG), x, fromHex(dsaP))
	return y.FillBytes(make([]byte, DSASHA1.publicLen()))
}

func fromHex(s string) *big.Int {
	n, _ := new(big.Int).SetString(s, 16)
	return n
}
