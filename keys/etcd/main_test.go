package etcdkeys_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/go-i2p/i2psocks/keys"
	"github.com/go-i2p/i2psocks/keys/etcd"
)

const childAddress, childPrefix = "I2PSOCKS_ETCD_CHILD", "I2PSOCKS_ETCD_PREFIX"

func TestMain(m *testing.M) {
	if address := os.Getenv(childAddress); address != "" {
		if err := child(address); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if c, err := shared(); err == nil { // it starts one if no test did, and ends it
			c.remove()
		}
		os.Exit(code)
	}))
}

// child is a host that owns an identity until it is killed.
func child(address string) error {
	client, err := connect(address)
	if err != nil {
		return err
	}
	store := &etcdkeys.Store{Client: client, Prefix: os.Getenv(childPrefix), TTL: 2 * time.Second, Host: "child"}
	id, err := keys.LoadOrGenerate(context.Background(), store, "site")
	if err != nil {
		return err
	}
	fmt.Println(id)
	go func() {
		<-store.Lost()
		fmt.Println("lost")
	}()
	_, err = io.Copy(io.Discard, bufio.NewReader(os.Stdin)) // or until the test ends
	return err
}
