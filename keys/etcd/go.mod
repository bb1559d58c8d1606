module github.com/go-i2p/i2psocks/keys/etcd

go 1.26.0

replace github.com/go-i2p/i2psocks => ../..
