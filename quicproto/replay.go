package quicproto

import (
	"encoding/binary"
	"slices"
)

// keptPackets are the latest QUIC packets that left by a route, at least one of
// each lane, to be sent again while the path is dead and as soon as it lives. QUIC
// itself would stay silent for long after: its probe timeout has doubled with each
// probe (RFC 9002, section 6.2). A packet that was lost in the outage is news to
// the other side, which acknowledges it at once, and with that ACK QUIC goes on.
type keptPackets struct {
	slots [MaxLanes]keptPacket
	count uint64 // packets noted
}

type keptPacket struct {
	id    uint32 // start of the destination connection ID
	order uint64 // among the packets noted, from 1 on
	data  []byte
}

const (
	// maxKept bounds a packet that is kept, in bytes. Ours have 1,200.
	maxKept = 1500
	// longHeader is the bit of the first byte of packets that belong to a handshake.
	longHeader = 0x80
	// keptIDSize is how much of a connection ID tells lanes apart, in bytes.
	keptIDSize = 4
)

// note keeps a QUIC packet that leaves.
func (k *keptPackets) note(b []byte) {
	id := destinationID(b)
	if len(id) < keptIDSize || len(b) > maxKept {
		return
	}
	k.count++
	s := k.victim(binary.BigEndian.Uint32(id))
	s.id, s.order, s.data = binary.BigEndian.Uint32(id), k.count, append(s.data[:0], b...)
}

// victim is the slot for the next packet: the oldest one, but not the last that is
// left of another lane unless all are such.
func (k *keptPackets) victim(next uint32) *keptPacket {
	var oldest, spare *keptPacket
	for i := range k.slots {
		s := &k.slots[i]
		if oldest == nil || s.order < oldest.order {
			oldest = s
		}
		if (s.order == 0 || s.id == next || k.superseded(s)) && (spare == nil || s.order < spare.order) {
			spare = s
		}
	}
	if spare != nil {
		return spare
	}
	return oldest
}

// superseded says whether a later packet of the same lane is kept.
func (k *keptPackets) superseded(s *keptPacket) bool {
	return slices.ContainsFunc(k.slots[:], func(other keptPacket) bool {
		return other.id == s.id && other.order > s.order
	})
}

// all returns the packets kept, the oldest first; they are good until the next is
// noted.
func (k *keptPackets) all() (packets [][]byte) {
	order := k.slots
	slices.SortFunc(order[:], func(a, b keptPacket) int { return int(int64(a.order - b.order)) })
	for i := range order {
		if order[i].order > 0 {
			packets = append(packets, order[i].data)
		}
	}
	return packets
}

// latest returns the latest packet of each lane.
func (k *keptPackets) latest() (packets [][]byte) {
	for i := range k.slots {
		if s := &k.slots[i]; s.order > 0 && !k.superseded(s) {
			packets = append(packets, s.data)
		}
	}
	return packets
}

// destinationID finds the destination connection ID of a QUIC packet (RFC 9000,
// section 17), as far as one of ours would go; nil if there is none.
func destinationID(b []byte) []byte {
	switch {
	case len(b) < 1+connectionIDSize:
		return nil
	case b[0]&longHeader == 0:
		return b[1 : 1+connectionIDSize]
	case len(b) < 6+connectionIDSize || b[5] < connectionIDSize:
		return nil
	}
	return b[6 : 6+connectionIDSize]
}

// sourceID finds the source connection ID of a QUIC packet with a long header; nil
// if there is none.
func sourceID(b []byte) []byte {
	if len(b) < 7 || b[0]&longHeader == 0 {
		return nil
	}
	at := 7 + int(b[5])
	if len(b) < at+connectionIDSize || b[at-1] != connectionIDSize {
		return nil
	}
	return b[at : at+connectionIDSize]
}
