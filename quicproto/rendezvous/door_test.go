package rendezvous

import (
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/skulltech/prattle/certs"
)

func udp(addr string) *net.UDPAddr { return net.UDPAddrFromAddrPort(netip.MustParseAddrPort(addr)) }

func TestDoor(t *testing.T) {
	d := newDoor()
	free := 0
	for range 1000 {
		if !d.suspect(noon) {
			free++
		}
	}
	if free != unprovenBurst {
		t.Errorf("%d unproven handshakes of 1000 at once go through, want %d", free, unprovenBurst)
	}
	if d.suspect(noon.Add(time.Second)) {
		t.Error("a second later none goes through")
	}
	in := func(addr string, at time.Duration) (n int) {
		for range 200 {
			if d.enter(noon.Add(at), udp(addr), true) == nil {
				n++
				d.shake()
			}
		}
		return n
	}
	for _, tc := range []struct {
		addr string
		at   time.Duration
		want int
	}{
		{"192.0.2.1:1", 0, sourceBurst},
		{"192.0.2.1:2", 0, 0}, // another port is the same source
		{"[::ffff:192.0.2.1]:1", 0, 0},
		{"192.0.2.2:1", 0, sourceBurst},
		{"[2001:db8::1]:1", 0, sourceBurst},
		{"[2001:db8::2]:1", 0, 0}, // and so is one more address of a customer
		{"[2001:db8:0:1::1]:1", 0, sourceBurst},
		{"192.0.2.1:1", time.Second, sourceRate},
	} {
		if got := in(tc.addr, tc.at); got != tc.want {
			t.Errorf("%d of 200 handshakes of %s go through after %v, want %d", got, tc.addr, tc.at, tc.want)
		}
	}
	if d.open != 0 {
		t.Errorf("%d handshakes are under way", d.open)
	}
	d.closed = true
	if err := d.enter(noon, udp("192.0.2.9:1"), true); !errors.Is(err, errGoingAway) {
		t.Errorf("a closed door: %v", err)
	}
}

func TestDoorIsBounded(t *testing.T) {
	d := newDoor()
	addr := func(i int) *net.UDPAddr { return &net.UDPAddr{IP: net.IPv4(10, byte(i>>16), byte(i>>8), byte(i))} }
	for i := range 2 * maxSources {
		if d.enter(noon, addr(i), true) == nil {
			d.shake()
			d.leave()
		}
	}
	if len(d.sources) != maxSources {
		t.Errorf("%d sources are remembered, want %d", len(d.sources), maxSources)
	}
	d.source(noon.Add(time.Minute), netip.MustParsePrefix("192.0.2.1/32"))
	if len(d.sources) != 1 {
		t.Errorf("a minute later %d sources are remembered", len(d.sources))
	}
	for i := range 2 * maxHandshakes {
		d.enter(noon.Add(time.Hour), addr(i), false)
	}
	if d.open != maxHandshakes {
		t.Errorf("%d handshakes are under way, at most %d should be", d.open, maxHandshakes)
	}
	for range maxHandshakes {
		d.shake()
	}
	for d.inside < maxConnections {
		d.inside++
	}
	if err := d.enter(noon, addr(1), false); !errors.Is(err, ErrBusy) {
		t.Errorf("a full house: %v", err)
	}
}

func TestDoorOfTLS(t *testing.T) {
	d := newDoor()
	addr := func(i int) *net.TCPAddr { return &net.TCPAddr{IP: net.IPv4(10, byte(i>>16), byte(i>>8), byte(i))} }
	var held []*source
	for range 2 * maxFromSource {
		if s, err := d.enterTLS(noon, addr(1)); err == nil {
			held = append(held, s)
		}
	}
	if len(held) != maxFromSource {
		t.Errorf("%d handshakes of one source, want %d", len(held), maxFromSource)
	}
	d.sweep(noon.Add(time.Hour))
	if _, err := d.enterTLS(noon.Add(time.Hour), addr(1)); !errors.Is(err, ErrBusy) {
		t.Errorf("a source whose handshakes are under way is forgotten: %v", err)
	}
	for _, s := range held {
		d.shakeTLS(s)
	}
	if s, err := d.enterTLS(noon.Add(2*time.Hour), addr(1)); err != nil {
		t.Error(err)
	} else {
		d.shakeTLS(s)
	}
	begun := 0
	for i := range 2 * maxHandshakes {
		if _, err := d.enterTLS(noon.Add(3*time.Hour), addr(i)); err == nil {
			begun++
		}
	}
	if begun != maxHandshakes || d.openTLS != maxHandshakes {
		t.Errorf("%d handshakes are under way, %d counted, want %d", begun, d.openTLS, maxHandshakes)
	}
	if err := d.enter(noon, udp("192.0.2.1:1"), true); err != nil {
		t.Errorf("QUIC is kept out by them: %v", err)
	}
	d.closed = true
	if _, err := d.enterTLS(noon.Add(time.Hour), addr(9)); !errors.Is(err, errGoingAway) {
		t.Errorf("a closed door: %v", err)
	}
}

func TestQuotas(t *testing.T) {
	small := terms{connections: 2, messages: 1, burst: 3, bytes: 100, byteBurst: 1000}
	qs := newQuotas[certs.PeerID](small)
	alice := certs.PeerID{1}
	first, err := qs.open(noon, alice)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := qs.open(noon, alice); err != nil || second != first {
		t.Errorf("a second connection has another quota: %v", err)
	}
	if _, err := qs.open(noon, alice); !errors.Is(err, ErrBusy) {
		t.Errorf("a third connection: %v", err)
	}
	if !first.messages.AllowN(noon, 3) || first.messages.AllowN(noon, 1) {
		t.Error("a burst is not 3 messages")
	}
	first.open = 0
	qs.open(noon.Add(sweepInterval/10), certs.PeerID{2})
	if again, _ := qs.open(noon.Add(time.Second), alice); again != first {
		t.Error("who connects again has a fresh quota")
	}
	first.open = 0
	qs.open(noon.Add(time.Hour), certs.PeerID{2})
	if qs.of[alice] != nil {
		t.Error("an hour later the quota is remembered")
	}
	for _, tm := range []terms{peerTerms, sourceTerms} {
		if tm.byteBurst < maxMessage || tm.burst < registerCost {
			t.Errorf("a message can never come: %+v", tm)
		}
	}
}
