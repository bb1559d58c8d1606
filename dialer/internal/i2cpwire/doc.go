// Package i2cpwire holds the messages of I2CP, the protocol between a client and its I2P router, and what they
// carry: session configurations, lease sets and payloads. It is bytes in and values out: no
// sockets, goroutines or clocks. A message kind has a file of its own.
//
// Both sides are here, for a client and for the routers that tests play. Parsers take exactly what
// the I2CP specification lays out; anything cut short, over its bounds or with bytes behind it is
// [ErrMalformed]. Byte slices in parsed values are parts of the input.
package i2cpwire
