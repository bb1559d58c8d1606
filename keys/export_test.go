package keys

import "math/big"

// DSAGroup shows the constants to the tests.
func DSAGroup() (p, q, g *big.Int) { return fromHex(dsaP), fromHex(dsaQ), fromHex(dsaG) }
