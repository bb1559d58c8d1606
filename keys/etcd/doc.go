// Package etcdkeys stores identities in an etcd cluster for several hosts: any host may use an identity, one host at
// a time does, and another takes over when that one dies.
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
// It is a module of its own, so that etcd's client is only a dependency of its users.
//
// # Why two hosts never use one identity
//
// The owner of a name has a claim in etcd, attached to a lease. It has another claim on the destination of each
// identity that it has handed out, as the same identity may have several names. Six times in a TTL the owner renews
// the lease and then verifies by a quorum read that its claims exist; it is then the owner for another two thirds of
// a TTL, counted from the start of the request. When that time is over, or a claim is gone, [Store.Lost] closes. An
// i2psocks.Endpoint on the Store then ends at once, without delivering what was written. A claim that etcd made while
// its answer was lost is released with the next renewal.
//
// An owner also leaves a record without a lease, which only an orderly release removes. A new owner that finds such a
// record, of an owner that crashed, was cut off or had its claim removed by hand, first waits for the whole TTL in
// it. So at least a third of the former owner's TTL lies between its Lost and the new owner, for closing the
// endpoint. [Store.TTL] has a minimum so that this time suffices: an Endpoint whose Keys is the Store cuts its
// sessions when Lost closes, and i2pd keeps a destination for 5 s after that. Clocks of different hosts are never
// compared; only their rates must not differ by half. After a crash a takeover takes up to two TTLs. After
// [Store.Close] or [Store.Release] a name is free at once. A destination that was handed out rests for 7 s, since
// i2pd keeps it for 5 s after the session was closed: until then Load waits.
//
// No library can prevent this: a process that is stopped (SIGSTOP, a debugger) while its router runs remains visible
// under the identity until it continues and learns of the loss. A host that was suspended learns of it on waking, by
// its wall clock; if the wall clock is set forward by more than that, the host gives up what it owns, to be safe.
//
// # Secrets
//
// Use a [keys.Sealer], so that etcd stores no plain secrets: otherwise everyone who can read the prefix, its
// snapshots or its disk can read the identities. Names, labels and times are always plain; destinations are not
// shown. Values are the bytes of the files of [keys.Dir]: [Store.Raw] returns them, and [keys.Dir.Adopt] accepts
// them. Use TLS, and an etcd role for the prefix only.
//
// A sealed value is bound to its name, and to being in use or retired at a certain time: a value that was moved
// elsewhere is [keys.ErrAltered]. Whoever can write to etcd can still restore an earlier value of the same place,
// such as the identity before a rotation, or the whole prefix, or remove it: no host remembers earlier values, so
// this cannot be detected. Values sealed by an earlier version contain no names: someone who has kept some, and the
// mark beside them, can restore them under other names. A Sealer does not protect claims: whoever can write to etcd
// can remove them, which stops their owners, and can answer each host as if it were the only one.
//
// # What it refuses to do
//
// It never returns an identity that another host owns, never continues when ownership is uncertain, never overwrites
// an identity, never mixes plain and sealed values or two passphrases under one prefix, and logs neither names nor
// keys.
package etcdkeys
