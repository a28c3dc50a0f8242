package quicproto

import (
	"slices"
	"testing"
	"time"
)

func TestNackAsksOnceThenAgainAfterARoundTrip(t *testing.T) {
	const rtt = 40 * time.Millisecond
	var n nackTracker
	now := time.Unix(1, 0)
	n.handle(now, 100, false)
	n.handle(now, 103, false)
	if seqs := n.pop(now, rtt, nil); len(seqs) != 0 {
		t.Fatalf("asked for %v at once: they may only be late", seqs)
	}
	now = n.next(rtt)
	if seqs := n.pop(now, rtt, nil); !slices.Equal(seqs, []uint16{101, 102}) {
		t.Fatalf("asked for %v, want 101 and 102", seqs)
	}
	if seqs := n.pop(now.Add(rtt), rtt, nil); len(seqs) != 0 {
		t.Fatalf("asked again for %v within a round trip", seqs)
	}
	n.handle(now.Add(rtt), 101, true)
	now = n.next(rtt)
	if seqs := n.pop(now, rtt, nil); !slices.Equal(seqs, []uint16{102}) {
		t.Fatalf("then asked for %v, want 102", seqs)
	}
	n.handle(now.Add(rtt), 102, true)
	if !n.next(rtt).IsZero() || n.asked != 3 || n.waste != 0 {
		t.Fatalf("next %v, asked %d, waste %d", n.next(rtt), n.asked, n.waste)
	}
}

func TestNackLearnsReordering(t *testing.T) {
	const rtt, late = 40 * time.Millisecond, 20 * time.Millisecond
	var n nackTracker
	now := time.Unix(1, 0)
	for seq := uint16(0); seq < 200; seq += 2 {
		n.handle(now, seq+1, false)
		n.pop(now.Add(late-1), rtt, nil)
		n.handle(now.Add(late), seq, false)
		now = now.Add(33 * time.Millisecond)
	}
	if n.waste > 1 {
		t.Errorf("%d needless requests: it did not learn", n.waste)
	}
}

func TestNackGivesUp(t *testing.T) {
	const rtt = 40 * time.Millisecond
	var n nackTracker
	now := time.Unix(1, 0)
	n.handle(now, 0, false)
	n.handle(now, 2, false)
	end := now.Add(nackGiveUp + time.Second)
	for next := n.next(rtt); !next.IsZero(); next = n.next(rtt) {
		now = next
		n.pop(now, rtt, nil)
		if now.After(end) {
			t.Fatal("still asking")
		}
	}
	if n.asked == 0 || n.asked > maxNackTries {
		t.Errorf("asked %d times", n.asked)
	}
}

func TestNackMemoryIsBounded(t *testing.T) {
	var n nackTracker
	now := time.Unix(1, 0)
	for i := range 20000 {
		n.handle(now, uint16(i*37), i%3 == 0)
		if len(n.missing) > maxMissing {
			t.Fatalf("%d packets watched", len(n.missing))
		}
	}
}

func TestNackWaitsForFEC(t *testing.T) {
	const rtt = 40 * time.Millisecond
	var n nackTracker
	now := time.Unix(1, 0)
	n.handle(now, 100, false)
	n.handle(now, 103, false)
	n.holdFrom(102, now.Add(10*time.Millisecond))
	if seqs := n.pop(now.Add(5*time.Millisecond), rtt, nil); !slices.Equal(seqs, []uint16{101}) {
		t.Fatalf("asked for %v, want 101", seqs)
	}
	n.restored(now, 101)
	n.announce(now, 105)
	n.releaseUntil(103)
	if seqs := n.pop(now.Add(5*time.Millisecond), rtt, nil); !slices.Equal(seqs, []uint16{102, 104, 105}) {
		t.Fatalf("asked for %v, want 102, 104 and 105", seqs)
	}
	for _, seq := range []uint16{102, 104, 105} {
		n.restored(now, seq)
	}
	n.restored(now, 107) // the tail of a frame, before what follows
	n.handle(now, 108, false)
	if seqs := n.pop(now.Add(5*time.Millisecond), rtt, nil); !slices.Equal(seqs, []uint16{106}) || n.waste != 0 {
		t.Fatalf("asked for %v, want 106; %d needless", seqs, n.waste)
	}
}
