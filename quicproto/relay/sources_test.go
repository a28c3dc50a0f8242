package relay

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestSourceIsAnsweredForWhatItSent(t *testing.T) {
	s, l := newSources(), DefaultLimits
	now, addr := time.Unix(1000, 0), netip.MustParseAddr("9.9.9.9")
	if s.spend(now, addr, 1) {
		t.Error("a byte for nothing")
	}
	if !s.admit(now, l, addr, 20) || s.spend(now, addr, 40) {
		t.Error("40 bytes for 20")
	}
	if !s.admit(now, l, addr, 20) || !s.spend(now, addr, 40) {
		t.Error("not 40 bytes for the second 20")
	}
	if s.spend(now, addr, 1) {
		t.Error("spent twice")
	}
	s.admit(now, l, addr, 40)
	if s.spend(now, netip.MustParseAddr("9.9.9.10"), 40) {
		t.Error("spent by another source")
	}
	if s.spend(now.Add(creditLifetime+1), addr, 40) {
		t.Error("spent after its time")
	}
	l.UnprovenRatio = 3
	if !s.admit(now, l, addr, 20) || !s.spend(now, addr, 60) || s.spend(now, addr, 1) {
		t.Error("not 60 bytes for 20 at a ratio of 3")
	}
}

func TestSourceRates(t *testing.T) {
	s, l := newSources(), Limits{Source: 2, Unproven: 6, UnprovenRatio: 1}
	now := time.Unix(1000, 0)
	admitted := func(addr string) (n int) {
		for range 100 {
			if s.admit(now, l, netip.MustParseAddr(addr), 20) {
				n++
			}
		}
		return n
	}
	if n := admitted("9.9.9.9"); n != 2*sourceBurst {
		t.Errorf("%d requests of a source, want %d", n, 2*sourceBurst)
	}
	if n := admitted("2a00:1:2:3::1"); n != 2*sourceBurst {
		t.Errorf("%d requests of an IPv6 source, want %d", n, 2*sourceBurst)
	}
	if n := admitted("2a00:1:2:3:4::"); n != 0 {
		t.Errorf("%d requests of another address in its network, want 0", n)
	}
	if n := admitted("9.9.9.8"); n != (6-2-2)*sourceBurst {
		t.Errorf("%d requests above the rate of all, want %d", n, (6-2-2)*sourceBurst)
	}
	now = now.Add(time.Second)
	if n := admitted("9.9.9.9"); n != 2 {
		t.Errorf("%d requests a second later, want 2", n)
	}
}

// However sources push each other out, none is sent more than came from it.
func TestSourcesNeverOwe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, l := newSources(), DefaultLimits
		now := time.Unix(1000, 0)
		in, out := map[uint32]int{}, map[uint32]int{}
		hosts := rapid.Uint32Range(1, 50_000)
		for range rapid.IntRange(1, 2000).Draw(t, "steps") {
			host, n := hosts.Draw(t, "host"), rapid.IntRange(20, 1600).Draw(t, "bytes")
			var b [4]byte
			binary.BigEndian.PutUint32(b[:], host)
			addr := netip.AddrFrom4(b)
			now = now.Add(time.Duration(rapid.IntRange(0, int(time.Second)).Draw(t, "pause")))
			if in[host] += n; s.admit(now, l, addr, n) && s.spend(now, addr, n+20) {
				out[host] += n + 20
			}
			if out[host] > in[host] {
				t.Fatalf("%d bytes out for %d in", out[host], in[host])
			}
		}
	})
}
