// Package keeper keeps a session with an I2P router up, whatever protocol is spoken with the router: it
// starts the session when it is first wanted, makes it anew when it is lost, on the next router if
// there are several, pauses between failures, and tells the state.
//
// What it keeps up is a [Live] session, which owns all that dies with it. One identity is never
// given to two routers: the next one is asked only when the session before has ended, or was never
// made, and the router before had time to forget it.
package keeper
