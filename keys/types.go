package keys

import "strconv"

// SignatureType is an I2P signing key type, as numbered in the I2P common
// structures specification, section "KeyCertificate".
type SignatureType uint16

// The signature types that are verified here, and that an [Identity] may have. New identities
// are [Ed25519], or [RedDSA] on request; the others are read because sites still use them.
const (
	DSASHA1 SignatureType = 0
	P256    SignatureType = 1
	P384    SignatureType = 2
	P521    SignatureType = 3
	Ed25519 SignatureType = 7
	RedDSA  SignatureType = 11
)

// String returns the name that SAM uses for the type, such as
// "EdDSA_SHA512_Ed25519", or the bare number of one not known here.
func (t SignatureType) String() string {
	switch t {
	case DSASHA1:
		return "DSA_SHA1"
	case P256:
		return "ECDSA_SHA256_P256"
	case P384:
		return "ECDSA_SHA384_P384"
	case P521:
		return "ECDSA_SHA512_P521"
	case Ed25519:
		return "EdDSA_SHA512_Ed25519"
	case RedDSA:
		return "RedDSA_SHA512_Ed25519"
	}
	return strconv.Itoa(int(t))
}

// publicLen and privateLen are the sizes in bytes of the signing keys; zero
// means that the type is not known.
func (t SignatureType) publicLen() int { n, _ := t.sizes(); return n }

func (t SignatureType) privateLen() int { _, n := t.sizes(); return n }

func (t SignatureType) sizes() (public, private int) {
	switch t {
	case DSASHA1:
		return 128, 20
	case P256:
		return 64, 32
	case P384:
		return 96, 48
	case P521:
		return 132, 66
	case Ed25519, RedDSA:
		return 32, 32
	}
	return 0, 0
}

// CryptoType is an I2P encryption key type. It determines the layout of the keys in a destination only; how peers
// encrypt to it is determined by its lease set.
type CryptoType uint16

// The crypto types that an [Identity] may have. New ones are [ElGamal]; the others are what i2pd makes when
// it is asked to, and Java I2P may refuse them.
const (
	ElGamal         CryptoType = 0
	ECIESP256       CryptoType = 1
	X25519          CryptoType = 4
	MLKEM512X25519  CryptoType = 5
	MLKEM768X25519  CryptoType = 6
	MLKEM1024X25519 CryptoType = 7
)

// privateLens returns the sizes in bytes that the crypto private key is found in, the one that is written
// first; none means that the type is refused. i2pd wrote 256 bytes of every type, for X25519 until 2.34 and for the
// hybrids with ML-KEM until 2.56, and has kept that for P-256.
func (t CryptoType) privateLens() []int {
	switch t {
	case ElGamal, ECIESP256:
		return []int{paddedPrivateLen}
	case X25519, MLKEM512X25519, MLKEM768X25519, MLKEM1024X25519:
		return []int{32, paddedPrivateLen}
	}
	return nil
}

// PublicLen returns the length in bytes of public signing keys of the type, 0 for one not known here.
func (t SignatureType) PublicLen() int { return t.publicLen() }

const paddedPrivateLen = 256
