package i2cpwire

import (
	"encoding/binary"
	"strconv"
)

// SessionState is what a SessionStatus says.
type SessionState uint8

// The states: I2CP specification, "SessionStatusMessage".
const (
	SessionDestroyed SessionState = 0
	SessionCreated   SessionState = 1
	SessionUpdated   SessionState = 2
	SessionInvalid   SessionState = 3
	SessionRefused   SessionState = 4
)

// String returns the name of the state, or its number.
func (s SessionState) String() string {
	names := [...]string{"destroyed", "created", "updated", "invalid", "refused"}
	if int(s) < len(names) {
		return names[s]
	}
	return strconv.Itoa(int(s))
}

// SessionStatus tells what became of a session. The Session of an invalid or refused one means nothing.
type SessionStatus struct {
	Session uint16
	State   SessionState
}

// Type returns [TypeSessionStatus].
func (SessionStatus) Type() Type { return TypeSessionStatus }

func (m SessionStatus) appendBody(b []byte) ([]byte, error) {
	return append(binary.BigEndian.AppendUint16(b, m.Session), byte(m.State)), nil
}

// Disconnect is a router's reason for closing the connection, in words.
type Disconnect struct{ Reason string }

// Type returns [TypeDisconnect].
func (Disconnect) Type() Type { return TypeDisconnect }

func (m Disconnect) appendBody(b []byte) ([]byte, error) { return appendString(b, m.Reason) }

// DestroySession ends a session. Closing the connection does as much.
type DestroySession struct{ Session uint16 }

// Type returns [TypeDestroySession].
func (DestroySession) Type() Type { return TypeDestroySession }

func (m DestroySession) appendBody(b []byte) ([]byte, error) {
	return binary.BigEndian.AppendUint16(b, m.Session), nil
}
