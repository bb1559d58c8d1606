// Package etcdkeys keeps identities in an etcd cluster, for fleets: any host may
// run an identity, one at a time does, and another takes over when that one dies.
//
//	store := &etcdkeys.Store{Client: client, Prefix: "bots", Sealer: sealer}
//	defer store.Close()
//	if err := store.Acquire(ctx, "site"); err != nil { // waits while another host has it
//		return err
//	}
//	ep := &i2psocks.Endpoint{Name: "site", Keys: store}
//	defer ep.Close() // before the store
//	go serve(ep)
//	select {
//	case <-store.Lost(): // another host will be the site
//	case <-ctx.Done():
//	}
//	return nil
//
// It is a module of its own, so that only those who use it carry etcd's client.
//
// # Why two hosts never have one identity
//
// The owner of a name has a claim in etcd, which goes with a lease. It has another on the destination of each
// identity that was given out, as the same one may have several names. Six times in
// a TTL the owner renews the lease and then reads, through a quorum, that its
// claims are still there; when that succeeds it is the owner for two thirds of a
// TTL more, counted from the moment it began to ask. When that time is over, or
// a claim is gone, [Store.Lost] closes. An i2psocks.Endpoint on the Store then ends by itself, at once and without
// delivering what was written. A claim that etcd made while its answer was lost is given back with the
// next renewal.
//
// An owner also leaves a record without a lease, which only an orderly release
// removes. Who takes a claim and finds such a record, of one who crashed, was cut
// off or had its claim removed by hand, first waits for the whole TTL in it. So at
// least a third of the former owner's TTL lies between its Lost and the new
// owner, for closing the endpoint. [Store.TTL] has a floor so that this is time enough: an Endpoint whose Keys is
// the Store cuts its sessions when Lost closes, and i2pd keeps a destination for 5 s after that. None of that compares the clocks of two
// hosts; they must only not run half as fast again as each other. A takeover
// takes up to two TTLs after a crash. After [Store.Close] or [Store.Release] a name is free at once. A destination that was
// given out rests for 7 s, since i2pd keeps it for 5 s after the session was closed: until then Load waits.
//
// What no library can prevent: a process that stands still (SIGSTOP, a paused
// debugger) while its router runs on stays visible under the identity until it
// goes on, when it is told. A host that sleeps is told on waking, by its wall
// clock; one whose wall clock is set forward by more than that gives up what it
// owns, to be safe.
//
// # Secrets
//
// With a [keys.Sealer] etcd sees no secret, and should have one: an etcd without it
// shows identities to all that may read the prefix, its snapshots and its disk.
// Names, labels and times are always plain; destinations are not shown. Values are the bytes that
// [keys.Dir] has in its files; [Store.Raw] returns them, and [keys.Dir.Adopt] takes them. Use TLS and an etcd role
// that may read and write the prefix alone.
//
// What is sealed belongs to its name, and to being in use or retired at a certain time: a value that somebody has put
// in another place is [keys.ErrAltered]. Who can write etcd can still put back an earlier value of the same
// place, such as the identity before a rotation, or all of the prefix, or remove it: no host remembers what there
// was, so nothing here can tell. Values that a
// former version sealed have no names in them: who kept some, and the mark beside them, can put them back under other
// names. Nor does a Sealer protect claims: who can write etcd can remove them, which makes their
// owners stop, and can answer each host as if it were the only one.
//
// # What it refuses to do
//
// It never returns an identity that another host owns, never goes on when it
// cannot tell, never overwrites an identity, never mixes plain and sealed values
// or two passphrases under one prefix, and logs neither names nor keys.
package etcdkeys
