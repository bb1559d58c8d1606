module github.com/go-i2p/i2psocks/examples/bench/gosocks5

go 1.26.0

require (
	github.com/go-i2p/i2pkeys v0.33.92
	github.com/go-i2p/onramp v0.33.92
	github.com/go-i2p/sam3 v0.33.9
	github.com/stretchr/testify v1.12.1
	github.com/things-go/go-socks5 v0.1.1
	golang.org/x/net v0.62.0
)

require (
	github.com/cretz/bine v0.2.0 // indirect
	github.com/sirupsen/logrus v1.9.3 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)
