package quicproto

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// A probe asks, or shows, whether a pair of addresses leads to the other side, and
// brings the sender's view of it. It is a UDP packet of probeSize bytes, integers
// big-endian:
//
//	 0  type (8)         0x08, which is neither QUIC nor STUN (RFC 9443)
//	 1  route (32)       derived from the secret of the route
//	 5  sequence (32)    of all probes of the sender on the route, from 1 on
//	 9  echo (32)        latest sequence that it got by this pair; 0: none
//	13  held (16)        how long ago, in 0.1 ms; 0xffff: longer
//	15  heard (16)       how long ago anything at all came by this pair, in ms; 0xffff: longer
//	17  flags (8)        1 ask: answer at once · 2 using: I send by this pair
//	                     4 deaf: what you send may not arrive
//	18  MAC (128)        HMAC-SHA256 over all before it, cut off
//
// The keys of both directions and the route come from the secret by HKDF-SHA256
// (RFC 5869). An answer is as long as what asked for it. Whoever can read a probe
// and is faster than it can have one answered at another address, and learns
// nothing by that; packets of QUIC go only where answers came from.
type probe struct {
	sequence uint32
	echo     uint32
	held     time.Duration // resolution 0.1 ms, at most maxHeld
	heard    time.Duration // resolution 1 ms, at most maxHeard
	flags    probeFlags
}

type probeFlags uint8

const (
	probeAsk   probeFlags = 1 << iota // the other side is to answer at once
	probeUsing                        // packets go by this pair
	probeDeaf                         // what the other side sends may not arrive
)

// Layout of a probe in bytes.
const (
	probeType    = 0x08
	probeBody    = 18
	probeMACSize = 16
	probeSize    = probeBody + probeMACSize
)

// What fields of a probe say at most; it stands for more.
const (
	heldUnit = 100 * time.Microsecond
	maxHeld  = 0xffff * heldUnit
	maxHeard = 0xffff * time.Millisecond
)

// routeID names a route in its probes.
type routeID uint32

// probeKeys authenticate the probes of a route, each direction with a key of its
// own, so that a probe cannot be sent back to where it comes from.
type probeKeys struct {
	id            routeID
	send, receive [sha256.Size]byte
}

// deriveProbeKeys makes the keys of one end.
func deriveProbeKeys(secret [RouteSecretSize]byte, initiator bool) (k probeKeys, err error) {
	id, err1 := hkdf.Key(sha256.New, secret[:], nil, "prattle probe route", 4)
	there, err2 := hkdf.Key(sha256.New, secret[:], nil, "prattle probe initiator", sha256.Size)
	back, err3 := hkdf.Key(sha256.New, secret[:], nil, "prattle probe responder", sha256.Size)
	if err := errors.Join(err1, err2, err3); err != nil {
		return k, fmt.Errorf("derive the keys of probes: %w", err)
	}
	if !initiator {
		there, back = back, there
	}
	k.id = routeID(binary.BigEndian.Uint32(id))
	copy(k.send[:], there)
	copy(k.receive[:], back)
	return k, nil
}

// probeRoute reads which route a packet that seems to be a probe is for.
func probeRoute(b []byte) (routeID, bool) {
	if len(b) != probeSize || b[0] != probeType {
		return 0, false
	}
	return routeID(binary.BigEndian.Uint32(b[1:])), true
}

// appendProbe appends a probe as it goes over the wire.
func (k *probeKeys) appendProbe(b []byte, p probe) []byte {
	start := len(b)
	b = append(b, probeType)
	b = binary.BigEndian.AppendUint32(b, uint32(k.id))
	b = binary.BigEndian.AppendUint32(b, p.sequence)
	b = binary.BigEndian.AppendUint32(b, p.echo)
	b = binary.BigEndian.AppendUint16(b, units(p.held, heldUnit))
	b = binary.BigEndian.AppendUint16(b, units(p.heard, time.Millisecond))
	b = append(b, byte(p.flags))
	return append(b, probeMAC(&k.send, b[start:])...)
}

// units is a duration as a field of 16 bits.
func units(d, unit time.Duration) uint16 { return uint16(min(max(d, 0)/unit, 0xffff)) }

func probeMAC(key *[sha256.Size]byte, b []byte) []byte {
	h := hmac.New(sha256.New, key[:])
	h.Write(b)
	return h.Sum(nil)[:probeMACSize]
}

// parseProbe reads a probe of the other side; false if it is none.
func (k *probeKeys) parseProbe(b []byte) (p probe, ok bool) {
	if id, ok := probeRoute(b); !ok || id != k.id || !hmac.Equal(probeMAC(&k.receive, b[:probeBody]), b[probeBody:]) {
		return p, false
	}
	return probe{
		sequence: binary.BigEndian.Uint32(b[5:]),
		echo:     binary.BigEndian.Uint32(b[9:]),
		held:     time.Duration(binary.BigEndian.Uint16(b[13:])) * heldUnit,
		heard:    time.Duration(binary.BigEndian.Uint16(b[15:])) * time.Millisecond,
		flags:    probeFlags(b[17]),
	}, true
}

// replayWindow tells whether a sequence number is new (after RFC 6479): probes of
// one side overtake each other where pairs are slow and fast.
type replayWindow struct {
	latest uint32
	seen   [replayWords]uint64 // a ring of bits
}

const (
	replayWords = 16
	// replayWindowSize is how far a probe may be overtaken: seconds of a burst.
	replayWindowSize = (replayWords - 1) * 64
)

// accept reports whether seq is new, and takes note of it.
func (w *replayWindow) accept(seq uint32) bool {
	if seq == 0 || w.latest >= replayWindowSize && seq <= w.latest-replayWindowSize {
		return false
	}
	for word := w.latest/64 + 1; word <= seq/64 && word <= w.latest/64+replayWords; word++ {
		w.seen[word%replayWords] = 0
	}
	w.latest = max(w.latest, seq)
	word, bit := &w.seen[seq/64%replayWords], uint64(1)<<(seq%64)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	return true
}
