package quicproto

import (
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"
)

// queueSocket is a rawSocket whose packets a test puts in and counts.
type queueSocket struct {
	in   []netip.AddrPort // senders
	sent []netip.AddrPort
}

func (q *queueSocket) read(b []byte) (int, netip.AddrPort, local, error) {
	if len(q.in) == 0 {
		return 0, netip.AddrPort{}, local{}, net.ErrClosed
	}
	from := q.in[0]
	q.in = q.in[1:]
	return 1, from, local{}, nil
}

func (q *queueSocket) write(_ []byte, _ local, to netip.AddrPort) error {
	q.sent = append(q.sent, to)
	return nil
}

func (q *queueSocket) pins() bool     { return false }
func (q *queueSocket) addr() net.Addr { return nil }
func (q *queueSocket) close() error   { return nil }

func TestALANSocketKnowsNobodyBeyond(t *testing.T) {
	near, far := netip.MustParseAddrPort("192.168.1.7:7728"), netip.MustParseAddrPort("203.0.113.7:7728")
	q := &queueSocket{in: []netip.AddrPort{far, near, far}}
	subnet, asked := netip.MustParsePrefix("192.168.1.0/24"), 0
	s := &lanSocket{rawSocket: q, near: func(ip netip.Addr) bool { asked++; return subnet.Contains(ip) }}
	if _, from, _, err := s.read(nil); from != near || err != nil {
		t.Errorf("read a packet from %v, %v", from, err)
	}
	if _, from, _, err := s.read(nil); err == nil {
		t.Errorf("read a packet from %v", from)
	}
	for range 100 {
		if err := s.write(nil, local{}, far); !errors.Is(err, errBeyondLAN) {
			t.Fatalf("writing to the Internet: %v", err)
		}
	}
	if err := s.write(nil, local{}, near); err != nil || len(q.sent) != 1 {
		t.Errorf("writing to a neighbour: %v; sent to %v", err, q.sent)
	}
	if asked > 2 {
		t.Errorf("the system was asked %d times about two addresses", asked)
	}
	subnet = netip.MustParsePrefix("203.0.113.0/24") // another network
	if !s.isNear(time.Now().Add(nearMemory+time.Second), far.Addr()) {
		t.Error("a change of the network was not noticed")
	}
}
