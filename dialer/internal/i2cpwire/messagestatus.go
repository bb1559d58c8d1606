package i2cpwire

import (
	"encoding/binary"
	"strconv"
)

// DeliveryStatus is what became of a message that was sent.
type DeliveryStatus uint8

// Statuses that make a difference: I2CP specification, "MessageStatusMessage". Not even a success proves that the
// message arrived: that of i2pd means that it was handed to a tunnel.
const (
	StatusAccepted          DeliveryStatus = 1
	StatusGuaranteedSuccess DeliveryStatus = 4
	StatusGuaranteedFailure DeliveryStatus = 5
	StatusLocalSuccess      DeliveryStatus = 6
	StatusRouterFailure     DeliveryStatus = 8
	StatusNetworkFailure    DeliveryStatus = 9
	StatusBadSession        DeliveryStatus = 10
	StatusBadMessage        DeliveryStatus = 11
	StatusOverflow          DeliveryStatus = 13
	StatusExpired           DeliveryStatus = 14
	StatusBadLocalLeaseSet  DeliveryStatus = 15
	StatusNoTunnels         DeliveryStatus = 16
	StatusBadEncryption     DeliveryStatus = 17
	StatusBadDestination    DeliveryStatus = 18
	StatusBadLeaseSet       DeliveryStatus = 19
	StatusExpiredLeaseSet   DeliveryStatus = 20
	StatusNoLeaseSet        DeliveryStatus = 21
	StatusMetaLeaseSet      DeliveryStatus = 22
	StatusLoopback          DeliveryStatus = 23
)

var deliveryNames = map[DeliveryStatus]string{
	StatusAccepted: "accepted", StatusGuaranteedSuccess: "handed to a tunnel", StatusGuaranteedFailure: "no path",
	StatusLocalSuccess: "delivered", StatusRouterFailure: "router failure", StatusNetworkFailure: "network failure",
	StatusBadSession: "bad session", StatusBadMessage: "bad message", StatusOverflow: "overflow", StatusExpired: "expired",
	StatusBadLocalLeaseSet: "own lease set missing", StatusNoTunnels: "no tunnels", StatusBadEncryption: "unsupported encryption",
	StatusBadDestination: "bad destination", StatusBadLeaseSet: "bad lease set", StatusExpiredLeaseSet: "expired lease set",
	StatusNoLeaseSet: "no lease set", StatusMetaLeaseSet: "meta lease set", StatusLoopback: "sent to oneself",
}

// String returns the meaning in a few words, or the number.
func (s DeliveryStatus) String() string {
	if name, ok := deliveryNames[s]; ok {
		return name
	}
	return "status " + strconv.Itoa(int(s))
}

// MessageStatus is the router's word on a message with a nonce. Size is that of the message on some routers.
type MessageStatus struct {
	Session uint16
	Message uint32
	Status  DeliveryStatus
	Size    uint32
	Nonce   uint32
}

// Type returns [TypeMessageStatus].
func (MessageStatus) Type() Type { return TypeMessageStatus }

func (m MessageStatus) appendBody(b []byte) ([]byte, error) {
	b = binary.BigEndian.AppendUint16(b, m.Session)
	b = binary.BigEndian.AppendUint32(b, m.Message)
	b = append(b, byte(m.Status))
	b = binary.BigEndian.AppendUint32(b, m.Size)
	return binary.BigEndian.AppendUint32(b, m.Nonce), nil
}
