package relay

import "time"

// Metrics is told what happens in a Server. Its methods are called from many
// goroutines, on the way of each packet: they must be quick.
type Metrics interface {
	AllocationOpened()
	AllocationClosed(age time.Duration)
	// Relayed counts packets and the bytes of their payloads.
	Relayed(d Direction, packets, bytes int)
	// Dropped counts packets that the system, or a client behind a slow TCP
	// connection, would not take.
	Dropped(d Direction, packets int)
	// Refused counts requests and packets that were not served.
	Refused(Reason)
}

// Direction is that of a relayed packet.
type Direction uint8

// The two directions.
const (
	ToPeer   Direction = iota // from the client that holds the allocation
	ToClient                  // to it
)

func (d Direction) String() string {
	if d == ToPeer {
		return "to_peer"
	}
	return "to_client"
}

// Reason says why something was not served. Its values are stable: they serve as
// labels.
type Reason string

// The reasons.
const (
	RefusedPeer        Reason = "peer"        // forbidden destination
	RefusedSender      Reason = "sender"      // packet from a peer without permission
	RefusedCredentials Reason = "credentials" // unknown, expired, or not authentic
	RefusedUserQuota   Reason = "user_quota"  // too many allocations of a user
	RefusedCapacity    Reason = "capacity"    // too many allocations, no free port
	RefusedDraining    Reason = "draining"    // no new allocations any more
	RefusedPermissions Reason = "permissions" // too many permissions or channels of an allocation
	RefusedRate        Reason = "rate"        // packets or bytes of an allocation or user
	RefusedSource      Reason = "source"      // requests of a source without an allocation
	RefusedUnproven    Reason = "unproven"    // an answer longer than what came from an unproven source
	RefusedConnection  Reason = "connection"  // too many TCP or TLS connections
)

type noMetrics struct{}

func (noMetrics) AllocationOpened()              {}
func (noMetrics) AllocationClosed(time.Duration) {}
func (noMetrics) Relayed(Direction, int, int)    {}
func (noMetrics) Dropped(Direction, int)         {}
func (noMetrics) Refused(Reason)                 {}
