package quicproto

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// simulatedNAT is a NAT, and servers behind it that know RFC 5780 or not.
type simulatedNAT struct {
	mapping, filtering NATBehaviour
	full               bool // the servers know RFC 5780
	ports              map[netip.AddrPort]uint16
	written            []netip.AddrPort
}

var (
	natServers = []netip.AddrPort{netip.MustParseAddrPort("198.51.100.1:3478"), netip.MustParseAddrPort("203.0.113.9:3478")}
	natOther   = netip.MustParseAddrPort("198.51.100.2:3479") // of the first
	natInside  = netip.MustParseAddrPort("10.0.0.2:4000")
)

// seenBy is the address that the NAT gives to packets to a server.
func (n *simulatedNAT) seenBy(to netip.AddrPort) netip.AddrPort {
	key := to
	switch n.mapping {
	case NATNone:
		return natInside
	case NATIndependent:
		key = netip.AddrPort{}
	case NATAddressDependent:
		key = netip.AddrPortFrom(to.Addr(), 0)
	}
	if n.ports[key] == 0 {
		n.ports[key] = uint16(5000 + len(n.ports))
	}
	return netip.AddrPortFrom(netip.MustParseAddr("192.0.2.7"), n.ports[key])
}

// lets says whether the NAT lets a packet in.
func (n *simulatedNAT) lets(from netip.AddrPort) bool {
	return slices.ContainsFunc(n.written, func(w netip.AddrPort) bool {
		return n.filtering <= NATIndependent || w == from || n.filtering == NATAddressDependent && w.Addr() == from.Addr()
	})
}

func (n *simulatedNAT) ask(to netip.AddrPort, change changeRequest) (askedAnswer, error) {
	a := askedAnswer{stunAnswer: stunAnswer{mapped: n.seenBy(to)}, from: to}
	n.written = append(n.written, to)
	if n.full && to == natServers[0] {
		a.other = natOther
		if change&changeIP != 0 {
			a.from = netip.AddrPortFrom(natOther.Addr(), a.from.Port())
		}
		if change&changePort != 0 {
			a.from = netip.AddrPortFrom(a.from.Addr(), natOther.Port())
		}
	}
	if !n.lets(a.from) {
		return askedAnswer{}, errUnanswered
	}
	return a, nil
}

func TestNATBehaviours(t *testing.T) {
	own := func(addr netip.AddrPort) bool { return addr == natInside }
	for _, c := range []struct {
		mapping, filtering         NATBehaviour
		full                       bool
		servers                    int
		wantMapping, wantFiltering NATBehaviour
	}{
		{NATNone, NATIndependent, true, 1, NATNone, NATIndependent},
		{NATNone, NATAddressPortDependent, true, 1, NATNone, NATAddressPortDependent},
		{NATIndependent, NATIndependent, true, 1, NATIndependent, NATIndependent},
		{NATIndependent, NATAddressDependent, true, 2, NATIndependent, NATAddressDependent},
		{NATIndependent, NATAddressPortDependent, true, 2, NATIndependent, NATAddressPortDependent},
		{NATAddressDependent, NATAddressPortDependent, true, 1, NATAddressDependent, NATAddressPortDependent},
		{NATAddressPortDependent, NATAddressPortDependent, true, 2, NATAddressPortDependent, NATAddressPortDependent},
		{NATNone, NATIndependent, false, 1, NATNone, NATUnknown},
		{NATIndependent, NATIndependent, false, 2, NATIndependent, NATUnknown},
		{NATAddressPortDependent, NATIndependent, false, 2, NATDependent, NATUnknown},
		{NATIndependent, NATIndependent, false, 1, NATUnknown, NATUnknown},
		{NATIndependent, NATIndependent, false, 0, NATUnknown, NATUnknown},
	} {
		behind := func() *simulatedNAT {
			return &simulatedNAT{c.mapping, c.filtering, c.full, make(map[netip.AddrPort]uint16), nil}
		}
		mapping, seen := natMapping(behind().ask, natServers[:c.servers], own)
		filtering := natFiltering(behind().ask, natServers[:c.servers])
		if mapping != c.wantMapping || filtering != c.wantFiltering || (c.servers > 0) != (len(seen) > 0) {
			t.Errorf("%+v: mapping %v, filtering %v, seen as %v", c, mapping, filtering, seen)
		}
	}
}

func TestHostileOtherAddresses(t *testing.T) {
	server := natServers[0]
	for other, want := range map[string]bool{
		"198.51.100.2:3479": true, "198.51.100.2:3478": false, "198.51.100.1:3479": false,
		"0.0.0.0:1": false, "224.0.0.1:1": false, "[2001:db8::1]:1": false, "198.51.100.2:0": false,
	} {
		if got := distinct(server, netip.MustParseAddrPort(other)); got != want {
			t.Errorf("%s is another address: %v", other, got)
		}
	}
}

func TestNetcheck(t *testing.T) {
	server := startTURN(t)
	symmetric := []*natServer{startNATServer(t), startNATServer(t)}
	symmetric[1].rebind(netip.MustParseAddrPort("192.0.2.7:2002"))
	wrong := server.account()
	wrong[0].Password = "wrong"
	for _, c := range []struct {
		name    string
		cfg     NetcheckConfig
		mapping NATBehaviour
		err     error // of all servers
		relays  bool
	}{
		{"relay", NetcheckConfig{TURN: server.account()}, NATNone, nil, true},
		{"refused", NetcheckConfig{TURN: wrong}, NATNone, ErrRelayRefused, false},
		{"symmetric", NetcheckConfig{STUN: []string{symmetric[0].addr.String(), symmetric[1].addr.String()}}, NATDependent, nil, false},
		{"nobody", NetcheckConfig{STUN: []string{"127.0.0.1:1"}}, NATUnknown, ErrUDPBlocked, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.cfg.Probes = 4
			c.cfg.Log = testLogger(t)
			r := Netcheck(t.Context(), c.cfg)
			if r.NAT.Mapping != c.mapping || len(r.Problems) > 0 || r.UDP != (c.err != ErrUDPBlocked) {
				t.Errorf("mapping %v, UDP %v, problems %v", r.NAT.Mapping, r.UDP, r.Problems)
			}
			for _, s := range r.Servers {
				if !errors.Is(s.Err, c.err) || s.Err != nil && c.err == nil || (s.Ready > 0) != c.relays {
					t.Errorf("%s over %s: %v, ready after %v", s.Server, s.Transport, s.Err, s.Ready)
				}
				if s.Transport == "udp" && (s.Sent != 4 || s.Received > s.Sent || s.Answers() != (c.err != ErrUDPBlocked)) {
					t.Errorf("%s: %d of %d probes answered", s.Server, s.Received, s.Sent)
				}
				if s.Received > 0 && (s.RTT < s.MinRTT || s.RTT > s.MaxRTT || s.MinRTT <= 0) {
					t.Errorf("%s: round trip %v of %v to %v", s.Server, s.RTT, s.MinRTT, s.MaxRTT)
				}
			}
		})
	}
}

func TestNetcheckSaysWhichServerIsNone(t *testing.T) {
	r := Netcheck(t.Context(), NetcheckConfig{STUN: []string{"host:x"}, TURN: []TURNServer{{URL: "nonsense"}}})
	if len(r.Problems) != 2 || len(r.Servers) != 0 {
		t.Fatalf("problems %v, servers %v", r.Problems, r.Servers)
	}
	for _, err := range r.Problems {
		if !errors.Is(err, ErrServerName) {
			t.Errorf("%v is no ErrServerName", err)
		}
	}
}

func TestNetcheckEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	begin := time.Now()
	Netcheck(ctx, NetcheckConfig{STUN: []string{"127.0.0.1:1"}, Probes: 100})
	t.Logf("ended after %v", time.Since(begin))
}
