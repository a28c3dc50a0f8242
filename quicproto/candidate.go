package quicproto

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"github.com/fxamacker/cbor/v2"
)

// Candidate is an address at which a peer may be reached (after RFC 8445). Which
// of them works, probes find out.
type Candidate struct {
	Kind CandidateKind
	Addr netip.AddrPort // IPv4 unmapped, no zone
}

// CandidateKind says how a peer comes by an address.
type CandidateKind uint8

// The kinds of candidate, as they are named on the wire.
const (
	CandidateHost      CandidateKind = 1 // of an interface
	CandidateMapped    CandidateKind = 2 // on a router that forwards it: NAT-PMP, PCP, UPnP
	CandidateReflexive CandidateKind = 3 // as a STUN server sees it (RFC 8489)
	CandidateRelay     CandidateKind = 4 // an allocation on a TURN server (RFC 8656)
)

// MaxCandidates bounds those of one peer: a laptop with two networks, both
// families, a relay on each and what VPNs add.
const MaxCandidates = 16

// local is one of the ways by which packets leave this machine.
type local struct {
	ip    netip.Addr // of an interface, unmapped; zero: whichever the system takes
	iface int        // index of that interface; 0: whichever
	relay forwarder  // if not nil, through that allocation instead
}

// Candidates tells the other side where its sender can be reached, each time that
// this changes in a call.
type Candidates struct {
	List []Candidate `cbor:"1,keyasint,omitempty"` // all of them; best first
}

func (*Candidates) kind() kind { return kindCandidates }

// wireCandidate is a Candidate as CBOR.
type wireCandidate struct {
	_    struct{} `cbor:",toarray"`
	Kind CandidateKind
	Addr []byte // 4 or 16 bytes, and the port in two, big-endian
}

// MarshalCBOR writes the candidate as [kind, address and port].
func (c Candidate) MarshalCBOR() ([]byte, error) {
	b := binary.BigEndian.AppendUint16(c.Addr.Addr().AsSlice(), c.Addr.Port())
	return cbor.Marshal(wireCandidate{Kind: c.Kind, Addr: b})
}

// UnmarshalCBOR reads it, and refuses what nobody can be reached at.
func (c *Candidate) UnmarshalCBOR(b []byte) error {
	var w wireCandidate
	if err := decMode.Unmarshal(b, &w); err != nil {
		return err
	}
	addr, ok := parseAddrPort(w.Addr)
	if !ok {
		return errBadCandidate
	}
	*c = Candidate{Kind: w.Kind, Addr: addr}
	return nil
}

// parseAddrPort reads an IPv4 or IPv6 address and a port in two bytes, big-endian;
// false if nobody can be reached there.
func parseAddrPort(b []byte) (netip.AddrPort, bool) {
	if len(b) < 2 {
		return netip.AddrPort{}, false
	}
	addr, port := b[:len(b)-2], binary.BigEndian.Uint16(b[len(b)-2:])
	ip, ok := netip.AddrFromSlice(addr)
	if !ok || port == 0 || ip.Is4In6() || ip.IsUnspecified() || ip.IsMulticast() {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(ip, port), true
}

var errBadCandidate = errors.New("malformed candidate")

func checkCandidates(list []Candidate) error {
	if len(list) > MaxCandidates {
		return fmt.Errorf("%d candidates", len(list))
	}
	return nil
}
