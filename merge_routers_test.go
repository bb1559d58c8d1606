package i2psocks_test

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/internal/i2pnet"
	"github.com/go-i2p/i2psocks/keys"
)

// lonely is the configuration of an i2pd that knows no other, and serves SAM.
const lonely = `ipv4=true
ipv6=false
nat=false
netid=88
reservedrange=false
log=stdout
loglevel=warn
[ntcp2]
published=false
[ssu2]
enabled=false
[sam]
enabled=true
address=127.0.0.1
port=27656
[http]
enabled=false
[httpproxy]
enabled=false
[socksproxy]
enabled=false
[reseed]
urls=http://127.0.0.1:1/
`

// TestMergeOnRouters: an i2pd finds the names that were added to its book beside its own, and keeps those that are
// known by their hash alone.
func TestMergeOnRouters(t *testing.T) {
	t.Parallel()
	nw := i2pnet.Require(t, i2pnet.Config{})
	dir := t.TempDir()
	table := filepath.Join(dir, "addressbook", "addresses.csv")
	require.NoError(t, os.Mkdir(filepath.Dir(table), 0o700))
	const own = "own.i2p,vau6ueqwgvzr76gvkkovfsx34avdwv6i3hxdidpeyjjjgqrtxdga"
	require.NoError(t, os.WriteFile(table, []byte(own), 0o600))
	config := filepath.Join(dir, "i2pd.conf")
	require.NoError(t, os.WriteFile(config, []byte(lonely), 0o600))

	id, err := keys.Generate()
	require.NoError(t, err)
	hash, err := addrbook.ParseAddress("w637odao6ihffrhhmktu4ngpid4kf4el4p4vfycy43ifmf3ck2nq.b32.i2p")
	require.NoError(t, err)
	h := new(addrbook.Hosts)
	require.NoError(t, h.Add("whole.i2p", addrbook.AddressOf(id.Destination())))
	require.NoError(t, h.Add("hash.i2p", hash))
	m, err := addrbook.MergeI2PD(dir, h)
	require.NoError(t, err)
	require.NoError(t, m.Write())

	cmd := nw.Command(t.Context(), filepath.Join(os.Getenv("I2PSOCKS_I2PD_DIR"), "i2pd"), "--datadir="+dir, "--conf="+config)
	require.NoError(t, cmd.Start())
	stop := func() error { return errors.Join(cmd.Process.Signal(syscall.SIGTERM), cmd.Wait()) }
	defer stop()
	var c net.Conn
	again(t, func() (err error) {
		c, err = nw.DialContext(t.Context(), "tcp", "127.0.0.1:27656")
		return err
	})
	defer c.Close()
	r := bufio.NewReader(c)
	ask := func(line string) string {
		_, err := fmt.Fprintln(c, line)
		require.NoError(t, err)
		answer, err := r.ReadString('\n')
		require.NoError(t, err)
		return answer
	}
	assert.Contains(t, ask("HELLO VERSION MIN=3.1 MAX=3.1"), "RESULT=OK")
	assert.Equal(t, "NAMING REPLY RESULT=OK NAME=whole.i2p VALUE="+id.Destination().Base64()+"\n", ask("NAMING LOOKUP NAME=whole.i2p"))
	assert.Contains(t, ask("NAMING LOOKUP NAME=unknown.i2p"), "RESULT=INVALID_KEY")
	require.NoError(t, stop())

	kept, err := addrbook.ReadI2PD(os.DirFS(dir), nil)
	require.NoError(t, err)
	for name, want := range map[string]string{"own.i2p": own[len("own.i2p,"):] + ".b32.i2p", "whole.i2p": id.String(), "hash.i2p": hash.Base32()} {
		a, err := kept.Lookup(t.Context(), name)
		if assert.NoError(t, err, name) {
			assert.Equal(t, want, a.Base32(), "as i2pd has left it")
		}
	}
}
