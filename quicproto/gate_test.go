package quicproto

import (
	"math/rand/v2"
	"net"
	"testing"
	"time"
)

func udp(a, b, c, d byte) *net.UDPAddr { return &net.UDPAddr{IP: net.IPv4(a, b, c, d), Port: 4000} }

func TestBucket(t *testing.T) {
	var b bucket
	a := allowance{rate: 10, burst: 5}
	now := time.Unix(1000, 0)
	through := func(d time.Duration, every time.Duration) (n int) {
		for end := now.Add(d); now.Before(end); now = now.Add(every) {
			if b.take(now, a, 1) {
				n++
			}
		}
		return n
	}
	if n := through(time.Second, time.Millisecond); n < 14 || n > 15 {
		t.Errorf("in the first second %d", n)
	}
	if n := through(10*time.Second, time.Millisecond); n < 99 || n > 101 {
		t.Errorf("in 10 s more %d", n)
	}
	now = now.Add(time.Hour)
	if !b.full(now, a) {
		t.Error("after an hour it is not full")
	}
	if now = now.Add(-time.Minute); !b.take(now, a, 1) {
		t.Error("a clock that goes back stops it")
	}
}

func TestFewHandshakesNeedNoProof(t *testing.T) {
	var g gate
	now := time.Unix(1000, 0)
	for i := range byte(6) { // a call with all its lanes
		if g.suspect(now, udp(192, 0, 2, 1)) || g.admit(now, udp(192, 0, 2, 1), false) != nil {
			t.Fatalf("handshake %d is suspect", i)
		}
		now = now.Add(50 * time.Millisecond)
	}
	if g.open != 6 {
		t.Errorf("%d are open", g.open)
	}
}

func TestASourceThatInsistsHasToProveItsAddress(t *testing.T) {
	var g gate
	now := time.Unix(1000, 0)
	asked := 0
	for range 100 {
		if g.suspect(now, udp(192, 0, 2, 1)) {
			asked++
		}
		now = now.Add(10 * time.Millisecond)
	}
	if asked < 75 {
		t.Errorf("of 100 in a second %d were asked", asked)
	}
	if g.suspect(now, udp(192, 0, 2, 2)) {
		t.Error("its neighbour is suspect too")
	}
}

func TestAProvenSourceIsLimited(t *testing.T) {
	var g gate
	now := time.Unix(1000, 0)
	through := 0
	for range 1000 {
		if g.admit(now, udp(192, 0, 2, 1), true) == nil {
			through++
			g.leave()
		}
		now = now.Add(10 * time.Millisecond)
	}
	if most := int(provenPerSource.burst + 10*provenPerSource.rate); through > most {
		t.Errorf("%d in 10 s, at most %d", through, most)
	}
	if g.admit(now, udp(192, 0, 2, 2), true) != nil {
		t.Error("its neighbour is refused too")
	}
}

// 10,000 a second from random sources: few are let begin, the memory is bounded,
// and whoever proves its address is let in at once.
func TestSpoofedFlood(t *testing.T) {
	const seed = 7
	rng := rand.New(rand.NewPCG(seed, seed))
	var g gate
	now := time.Unix(1000, 0)
	var begun []time.Time
	for range 60 * 10_000 {
		now = now.Add(100 * time.Microsecond)
		for len(begun) > 0 && now.Sub(begun[0]) > handshakeTimeout {
			begun = begun[1:]
			g.leave()
		}
		ip := rng.Uint32()
		addr := udp(byte(ip>>24), byte(ip>>16), byte(ip>>8), byte(ip))
		if !g.suspect(now, addr) && g.admit(now, addr, false) == nil {
			begun = append(begun, now)
		}
		if len(g.sources) > maxSources || g.open > maxHandshakes {
			t.Fatalf("seed %d: %d sources, %d handshakes", seed, len(g.sources), g.open)
		}
	}
	if len(begun) > 100 {
		t.Errorf("seed %d: %d handshakes are under way", seed, len(begun))
	}
	if g.admit(now, udp(192, 0, 2, 1), true) != nil {
		t.Errorf("seed %d: nobody gets in any more", seed)
	}
	if now = now.Add(time.Hour); g.suspect(now, udp(192, 0, 2, 1)) || len(g.sources) > 1 {
		t.Errorf("seed %d: an hour later %d sources are remembered", seed, len(g.sources))
	}
}

func TestHandshakesUnderWayAreBounded(t *testing.T) {
	var g gate
	now := time.Unix(1000, 0)
	through := 0
	for i := range 10 * maxHandshakes {
		if g.admit(now, udp(10, 0, byte(i>>8), byte(i)), true) == nil {
			through++
		}
	}
	if through != maxHandshakes {
		t.Errorf("%d at once", through)
	}
	g.leave()
	if g.admit(now, udp(10, 1, 0, 0), true) != nil {
		t.Error("a place is free and nobody gets it")
	}
}

func TestSourcesOfIPv6AreNetworks(t *testing.T) {
	at := func(s string) net.Addr { return &net.UDPAddr{IP: net.ParseIP(s), Port: 1, Zone: ""} }
	for _, tc := range []struct {
		a, b net.Addr
		same bool
	}{
		{at("2001:db8:0:1::1"), at("2001:db8:0:1:ffff::2"), true},
		{at("2001:db8:0:1::1"), at("2001:db8:0:2::1"), false},
		{at("192.0.2.1"), at("::ffff:192.0.2.1"), true},
		{at("192.0.2.1"), at("192.0.2.2"), false},
		{&net.UDPAddr{IP: net.ParseIP("fe80::1"), Zone: "eth0"}, &net.UDPAddr{IP: net.ParseIP("fe80::2"), Zone: "eth1"}, true},
		{&net.TCPAddr{}, &net.UnixAddr{}, true},
	} {
		if got := sourceOf(tc.a) == sourceOf(tc.b); got != tc.same {
			t.Errorf("%v and %v: %v", tc.a, tc.b, got)
		}
	}
}
