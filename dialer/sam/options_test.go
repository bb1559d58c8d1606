package sam

import (
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"fmt"
	"log/slog"
	"math"
	"net"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"

	"github.com/go-i2p/i2psocks/dialer/internal/wire"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/keys"
)

// createLine returns what a session with these fields says in SESSION CREATE behind its identity.
func createLine(t *testing.T, s *Session) string {
	t.Helper()
	id, err := keys.Generate()
	require.NoError(t, err)
	c, err := newCreation(s, id)
	require.NoError(t, err)
	b, err := wire.AppendCommand(nil, wire.Message{Verb: "SESSION", Action: "CREATE", Params: c(s.LeaseSet.Encryption)})
	require.NoError(t, err)
	return strings.TrimPrefix(strings.TrimSpace(string(b)), "SESSION CREATE ")
}

func TestSessionCreateOptions(t *testing.T) {
	assert.Equal(t, "SIGNATURE_TYPE=7 i2cp.leaseSetEncType=4 "+
		"inbound.length=3 inbound.quantity=3 inbound.nickname=i2psocks "+
		"outbound.length=3 outbound.quantity=3 outbound.nickname=i2psocks", createLine(t, new(Session)))
	assert.Equal(t, "SIGNATURE_TYPE=7 i2cp.leaseSetEncType=6,4 "+
		"inbound.length=0 inbound.quantity=6 inbound.nickname=my-bot_1.0 "+
		"outbound.length=5 outbound.quantity=1 outbound.lengthVariance=-2 outbound.backupQuantity=2 outbound.nickname=my-bot_1.0 "+
		"i2cp.dontPublishLeaseSet=true crypto.tagsToSend=40 i2cp.gzip=false i2p.streaming.maxConnsPerMinute=-1",
		createLine(t, &Session{
			Nickname: "my-bot_1.0", Inbound: Tunnels{Length: -1, Quantity: 6},
			Outbound: Tunnels{Length: 5, Quantity: 1, LengthVariance: -2, Backup: 2}, DialOnly: true,
			LeaseSet: LeaseSet{Encryption: X25519MLKEM768},
			Options:  map[string]string{"i2p.streaming.maxConnsPerMinute": "-1", "i2cp.gzip": "false", "crypto.tagsToSend": "40"},
		}))
}

// TestOptionsThatNoRouterGets: some router crashes on each of these, hangs, reads it in another way, or does harm.
func TestOptionsThatNoRouterGets(t *testing.T) {
	shared, public := keys.GenerateLeaseSetKey(), keys.GenerateLeaseSetKey().Public()
	psk, dh := LeaseSetClient{Shared: shared}, LeaseSetClient{Public: public}
	in := func(t Tunnels) *Session { return &Session{Inbound: t} }
	pass := func(key, value string) *Session { return &Session{Options: map[string]string{key: value}} }
	clients := func(c ...LeaseSetClient) *Session { return &Session{LeaseSet: LeaseSet{Encrypted: true, Clients: c}} }
	many := make(map[string]string)
	for i := range 20 {
		many[fmt.Sprintf("i2cp.option%d", i)] = strings.Repeat("x", 400)
	}
	nist := nistIdentity(t)
	secret := func(s string) func() string { return func() string { return s } }
	for name, tc := range map[string]struct {
		session *Session
		option  string
	}{
		"nine hops":          {in(Tunnels{Length: 9}), "Inbound.Length"},
		"eight hops":         {in(Tunnels{Length: 8}), "Inbound.Length"},
		"many tunnels":       {in(Tunnels{Quantity: 7}), "Inbound.Quantity"},
		"negative tunnels":   {in(Tunnels{Quantity: -1}), "Inbound.Quantity"},
		"outbound":           {&Session{Outbound: Tunnels{Length: 8}}, "Outbound.Length"},
		"many backups":       {in(Tunnels{Backup: 7}), "Inbound.Backup"},
		"negative backups":   {in(Tunnels{Backup: -1}), "Inbound.Backup"},
		"up to eight hops":   {in(Tunnels{LengthVariance: 5}), "Inbound.LengthVariance"},
		"down to none":       {in(Tunnels{Length: 2, LengthVariance: -2}), "Inbound.LengthVariance"},
		"down to less":       {in(Tunnels{LengthVariance: -4}), "Inbound.LengthVariance"},
		"more or none":       {in(Tunnels{Length: -1, LengthVariance: 1}), "Inbound.LengthVariance"},
		"both ways too long": {in(Tunnels{Length: 5, LengthVariance: -3}), "Inbound.LengthVariance"},
		"no sum at all":      {in(Tunnels{LengthVariance: math.MinInt}), "Inbound.LengthVariance"},
		"no sum either":      {in(Tunnels{LengthVariance: math.MaxInt}), "Inbound.LengthVariance"},

		"space":              {&Session{Nickname: "a b"}, "Nickname"},
		"second option":      {&Session{Nickname: "a SIGNATURE_TYPE=99"}, "Nickname"},
		"second line":        {&Session{Nickname: "a\nSESSION CREATE"}, "Nickname"},
		"quote":              {&Session{Nickname: `"a"`}, "Nickname"},
		"markup for console": {&Session{Nickname: "<script>"}, "Nickname"},
		"long":               {&Session{Nickname: strings.Repeat("a", 65)}, "Nickname"},

		"ElGamal":            {&Session{LeaseSet: LeaseSet{Encryption: 1}}, "LeaseSet.Encryption"},
		"unknown encryption": {&Session{LeaseSet: LeaseSet{Encryption: 8}}, "LeaseSet.Encryption"},
		"negative":           {&Session{LeaseSet: LeaseSet{Encryption: -1}}, "LeaseSet.Encryption"},
		"clients in vain":    {&Session{LeaseSet: LeaseSet{Clients: []LeaseSetClient{psk}}}, "LeaseSet.Clients"},
		"hidden twice":       {&Session{DialOnly: true, LeaseSet: LeaseSet{Encrypted: true}}, "LeaseSet.Encrypted"},
		"type of identity":   {&Session{Identity: nist, LeaseSet: LeaseSet{Encrypted: true}}, "LeaseSet.Encrypted"},
		"no key":             {clients(LeaseSetClient{}), "LeaseSet.Clients[0]"},
		"two keys":           {clients(LeaseSetClient{Public: public, Shared: shared}), "LeaseSet.Clients[0]"},
		"DH and PSK":         {clients(dh, dh, psk), "LeaseSet.Clients[2]"},
		"PSK and DH":         {clients(psk, dh), "LeaseSet.Clients[1]"},
		"PSK and nobody":     {clients(psk, LeaseSetClient{}), "LeaseSet.Clients[1]"},
		"name in two lines":  {clients(LeaseSetClient{Name: "a\nb", Public: public}), "LeaseSet.Clients[0].Name"},
		"name of no text":    {clients(LeaseSetClient{Name: "a\xff", Public: public}), "LeaseSet.Clients[0].Name"},
		"long name":          {clients(LeaseSetClient{Name: strings.Repeat("a", 65), Public: public}), "LeaseSet.Clients[0].Name"},
		"many clients":       {clients(make50(dh)...), "Session"},

		"user alone":        {&Session{User: "me"}, "Password"},
		"empty password":    {&Session{User: "me", Password: secret("")}, "Password"},
		"password alone":    {&Session{Password: secret("hunter2")}, "User"},
		"password in words": {&Session{User: "me", Password: secret("hunter 2")}, "Password"},
		"password in lines": {&Session{User: "me", Password: secret("hunter2\nSESSION")}, "Password"},
		"quoted password":   {&Session{User: "me", Password: secret(`"hunter2"`)}, "Password"},
		"escaped password":  {&Session{User: "me", Password: secret(`hunter2\`)}, "Password"},
		"password in UTF-8": {&Session{User: "me", Password: secret("hünter2")}, "Password"},
		"long password":     {&Session{User: "me", Password: secret(strings.Repeat("hunter2", 20))}, "Password"},
		"user in words":     {&Session{User: "m e", Password: secret("hunter2")}, "User"},
		"user and more":     {&Session{User: "me PASSWORD=x", Password: secret("hunter2")}, "User"},
		"user with a NUL":   {&Session{User: "me\x00", Password: secret("hunter2")}, "User"},

		"empty key":         {pass("", "1"), "Options"},
		"blank in the key":  {pass("i2cp.a b", "1"), "Options"},
		"equals":            {pass("i2cp.a=b", "1"), "Options"},
		"line in the key":   {pass("i2cp.a\nSESSION", "1"), "Options"},
		"quote in the key":  {pass(`i2cp."a"`, "1"), "Options"},
		"UTF-8 key":         {pass("i2cp.ä", "1"), "Options"},
		"long key":          {pass("i2cp."+strings.Repeat("a", 60), "1"), "Options"},
		"prefix alone":      {pass("i2cp.", "1"), "Options"},
		"empty value":       {pass("i2cp.gzip", ""), "Options"},
		"blank value":       {pass("i2cp.gzip", " "), "Options"},
		"second word":       {pass("i2cp.gzip", "true inbound.length=9"), "Options"},
		"line in the value": {pass("i2cp.gzip", "true\nSESSION CREATE"), "Options"},
		"return":            {pass("i2cp.gzip", "true\r"), "Options"},
		"quoted":            {pass("i2cp.gzip", `"true"`), "Options"},
		"escaped":           {pass("i2cp.gzip", `tr\ue`), "Options"},
		"NUL":               {pass("i2cp.gzip", "true\x00"), "Options"},
		"long value":        {pass("i2cp.accessList", strings.Repeat("a", 513)), "Options"},
		"many options":      {&Session{Options: many}, "Session"},
		"no number":         {pass("crypto.tagsToSend", "abc"), "Options"},
		"half a number":     {pass("i2p.streaming.initialAckDelay", "-"), "Options"},
		"huge number":       {pass("i2p.streaming.maxConcurrentStreams", "9999999999"), "Options"},
		"boolean":           {pass("i2p.streaming.maxWindowSize", "true"), "Options"},

		"own length":        {pass("inbound.length", "1"), "Options"},
		"own variance":      {pass("outbound.lengthVariance", "1"), "Options"},
		"own lease set":     {pass("i2cp.leaseSetEncType", "4"), "Options"},
		"own lease set 2":   {pass("i2cp.leaseSetClient.psk.0", "x"), "Options"},
		"in another case":   {pass("i2cp.LEASESETTYPE", "3"), "Options"},
		"own publishing":    {pass("i2cp.dontPublishLeaseSet", "false"), "Options"},
		"own type":          {pass("SIGNATURE_TYPE", "99"), "Options"},
		"own type for I2CP": {pass("i2cp.destination.sigType", "99"), "Options"},
		"crypto type":       {pass("CRYPTO_TYPE", "4"), "Options"},
		"destination":       {pass("DESTINATION", "TRANSIENT"), "Options"},
		"ID":                {pass("ID", "x"), "Options"},
		"style":             {pass("STYLE", "RAW"), "Options"},
		"host":              {pass("HOST", "192.0.2.1"), "Options"},
		"port":              {pass("PORT", "1"), "Options"},
		"from port":         {pass("FROM_PORT", "1"), "Options"},
		"UDP of SAM":        {pass("sam.udp.host", "192.0.2.1"), "Options"},
		"another router":    {pass("i2cp.tcp.host", "192.0.2.1"), "Options"},
		"its password":      {pass("i2cp.password", "hunter2"), "Options"},
		"closed when idle":  {pass("i2cp.closeOnIdle", "true"), "Options"},
		"latency":           {pass("latency.max", "100"), "Options"},
		"hops":              {pass("explicitPeers", "x"), "Options"},
		"early OK":          {pass("i2p.streaming.connectDelay", "1000"), "Options"},
		"pings":             {pass("i2p.streaming.answerPings", "1"), "Options"},
		"no signatures":     {pass("i2p.streaming.dontSign", "1"), "Options"},
		"unknown":           {pass("shouldBundleReplyInfo", "false"), "Options"},
	} {
		t.Run(name, func(t *testing.T) {
			s := tc.session
			s.DialBridge = func(context.Context, string, string) (net.Conn, error) {
				t.Error("a router was asked")
				return nil, net.ErrClosed
			}
			defer s.Close()
			err := s.Up(t.Context())
			assert.ErrorIs(t, err, syscall.EINVAL)
			var bad *OptionError
			require.ErrorAs(t, err, &bad)
			assert.Equal(t, tc.option, bad.Option)
			assert.NotEmpty(t, bad.Reason)
			for _, word := range []string{"hunter", shared.Reveal()} {
				assert.NotContains(t, err.Error(), word)
			}
			assert.Less(t, len(err.Error()), 300)
			assert.Zero(t, s.Addr())
			assert.Empty(t, s.EncryptedHost())
		})
	}
}

func make50(c LeaseSetClient) []LeaseSetClient {
	list := make([]LeaseSetClient, 50)
	for i := range list {
		list[i] = c
		list[i].Name = strings.Repeat("n", 64)
	}
	return list
}

// nistIdentity is of type ECDSA_SHA256_P256, which has no blinding.
func nistIdentity(t *testing.T) keys.Identity {
	private, err := ecdh.P256().GenerateKey(rand.Reader)
	require.NoError(t, err)
	b := make([]byte, 384, 679)
	copy(b[320:], private.PublicKey().Bytes()[1:])
	b = append(b, 5, 0, 4, 0, byte(keys.P256), 0, 0)
	b = append(append(b, make([]byte, 256)...), private.Bytes()...)
	id, err := keys.IdentityFromBytes(b)
	require.NoError(t, err)
	return id
}

// TestOptionsReachEveryStyle: what a session for packets leaves out would be a weaker session than was asked for.
func TestOptionsReachEveryStyle(t *testing.T) {
	s := &Session{
		Address: "127.0.0.1:1", Fallbacks: []string{"127.0.0.1:2"}, UDPAddress: "127.0.0.1:3", Nickname: "n", DialOnly: true, ReadAhead: 1, Primary: true,
		DialBridge: new(net.Dialer).DialContext, Owners: new(dialer.Owners), User: "me", Password: func() string { return "x" }, Options: map[string]string{"i2cp.gzip": "true"},
		Inbound: Tunnels{Length: 1}, Outbound: Tunnels{Length: 1}, LeaseSet: LeaseSet{Encrypted: true}, DialTimeout: time.Second, Logger: slog.New(slog.DiscardHandler),
	}
	id, err := keys.Generate()
	require.NoError(t, err)
	s.Identity = id
	given, got := reflect.ValueOf(s).Elem(), reflect.ValueOf(s.sibling()).Elem()
	own := map[string]bool{"Identity": true, "ReadAhead": true, "Budget": true, "Primary": true, "StatusChanged": true} // of the session for streams alone
	for i := range given.NumField() {
		f := given.Type().Field(i)
		if !f.IsExported() {
			continue
		}
		if own[f.Name] {
			assert.True(t, got.Field(i).IsZero(), f.Name)
			continue
		}
		require.False(t, given.Field(i).IsZero(), "%s is not part of this test", f.Name)
		assert.False(t, got.Field(i).IsZero(), f.Name)
	}
}

func TestOptionsOnRouters(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, b *samtest.Bridge) {
		server, client := session(t, a), session(t, b)
		for _, s := range []*Session{server, client} {
			s.Inbound, s.Outbound = Tunnels{Length: 2, LengthVariance: -1, Backup: 1}, Tunnels{LengthVariance: 4}
			s.Options = map[string]string{"i2cp.gzip": "true", "i2p.streaming.maxWindowSize": "64", "crypto.tagsToSend": "20"}
		}
		site(t, server, banner)
		conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
		require.NoError(t, err)
		require.NoError(t, conn.Close())
		got := b.Sessions()[0].Options
		assert.Equal(t, "-1", got["inbound.lengthVariance"])
		assert.Equal(t, "4", got["outbound.lengthVariance"])
		assert.Equal(t, "1", got["inbound.backupQuantity"])
		assert.Equal(t, "64", got["i2p.streaming.maxWindowSize"])
	})
}

func ExampleOptionError() {
	s := &Session{Inbound: Tunnels{Length: 9}}
	defer s.Close()
	fmt.Println(s.Up(context.Background()))
	// Output: up i2p: Inbound.Length: 9 is not in 1 to 7
}

// FuzzOptions wants that what is passed on is one word of the line, and nothing that fields say.
func FuzzOptions(f *testing.F) {
	for key, value := range map[string]string{
		"i2cp.gzip": "true", "i2p.streaming.maxWindowSize": "-1", "crypto.tagsToSend": "40", "inbound.length": "9",
		"i2cp.leaseSetType": "3", "i2cp.a b": "c", "i2cp.x": "a\nSESSION CREATE", "I2CP.x": "1", "i2p.streaming.limitAction": "drop",
	} {
		f.Add(key, value)
	}
	f.Fuzz(func(t *testing.T, key, value string) {
		params, err := passThrough(map[string]string{key: value})
		if err != nil {
			require.ErrorIs(t, err, syscall.EINVAL)
			return
		}
		before := wire.Message{Verb: "SESSION", Action: "CREATE", Params: []wire.Param{{Key: "i2cp.leaseSetType", Value: "5"}}}
		m := before
		m.Params = append(m.Params, params...)
		line, err := wire.AppendCommand(nil, m)
		require.NoError(t, err)
		got, err := wire.Parse(string(line))
		require.NoError(t, err)
		require.Equal(t, m, got)
		lower := strings.ToLower(key)
		require.False(t, strings.HasPrefix(lower, "i2cp.leaseset") || strings.HasPrefix(lower, "inbound.") || !strings.Contains(key, "."))
	})
}
