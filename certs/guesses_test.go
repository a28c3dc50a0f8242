package certs

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"
)

var guessStart = time.Unix(1_900_000_000, 0)

func testSource(n int) netip.Prefix {
	var ip [16]byte
	ip[0] = 0x20
	binary.BigEndian.PutUint32(ip[2:], uint32(n))
	return netip.PrefixFrom(netip.AddrFrom16(ip), 64)
}

// guesserID is a key that costs nothing.
func guesserID(n int) (id PeerID) {
	binary.BigEndian.PutUint64(id[:], uint64(n)+1)
	return id
}

func wantWait(t *testing.T, what string, got, want time.Duration) {
	t.Helper()
	if got != want {
		t.Errorf("%s: to wait %v, want %v", what, got, want)
	}
}

// attack has guessers, each with keys without end, try as often as they may. It
// returns how many wrong guesses they had, and the last moment.
func attack(g *Guesses, from time.Time, sources int, last time.Duration) (guesses int, now time.Time) {
	key, next := 1<<32, make([]time.Time, sources)
	for now = from; now.Sub(from) < last; now = now.Add(guessInterval / 2) {
		for source := range next {
			if now.Before(next[source]) {
				continue // so that the test is quick: nothing would come of it
			}
			key++
			wait := g.Begin(now, guesserID(key), testSource(source))
			if wait == 0 {
				guesses++
			}
			next[source] = now.Add(wait)
		}
	}
	return guesses, now
}

// One source: a few guesses, then an hour between them.
func TestGuessesOfOneSource(t *testing.T) {
	var g Guesses
	now := guessStart
	for i := range guessStruck {
		wantWait(t, "a slip", g.Begin(now, guesserID(i), testSource(1)), 0)
	}
	for n, want := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600, 3600} {
		want *= time.Second
		wantWait(t, "after a wrong guess", g.Begin(now, guesserID(100+n), testSource(1)), want)
		now = now.Add(want)
		wantWait(t, "when that is over", g.Begin(now, guesserID(200+n), testSource(1)), 0)
	}
	now = now.Add(strikesLast)
	wantWait(t, "after a day", g.Begin(now, guesserID(300), testSource(1)), 0)
	wantWait(t, "and once more", g.Begin(now, guesserID(301), testSource(1)), 0)
}

// One key at many sources waits as well.
func TestGuessesOfOnePeer(t *testing.T) {
	var g Guesses
	now := guessStart
	for i := range peerFree {
		wantWait(t, "a slip", g.Begin(now, testID(1), testSource(i)), 0)
	}
	wantWait(t, "a further one", g.Begin(now, testID(1), testSource(99)), firstLockout)
	wantWait(t, "of somebody else", g.Begin(now, testID(2), testSource(99)), 0)
}

func TestGuessesInAll(t *testing.T) {
	for _, sources := range []int{1, 10, 300, 5000} {
		var g Guesses
		const last = 10 * time.Minute
		guesses, _ := attack(&g, guessStart, sources, last)
		if most := guessBurst + int(last/guessInterval); guesses > most {
			t.Errorf("%d sources have %d guesses in %v, want at most %d", sources, guesses, last, most)
		}
		if least, most := min(8*sources, int(last/guessInterval)), 20*sources; guesses < least || guesses > most {
			t.Errorf("%d sources have %d guesses in %v, want %d to %d", sources, guesses, last, least, most)
		}
	}
	var g Guesses
	if guesses, _ := attack(&g, guessStart, 1, 24*time.Hour); guesses < 30 || guesses > 50 {
		t.Errorf("one source has %d guesses a day", guesses)
	}
}

func TestGuessesMemoryIsBounded(t *testing.T) {
	var g Guesses
	now := guessStart
	for i := range 3 * maxGuessSources {
		now = now.Add(guessInterval)
		if wait := g.Begin(now, guesserID(i), testSource(i)); wait != 0 {
			t.Fatalf("a new source after a second waits %v", wait)
		}
		g.Proved(now, guesserID(1<<20+i), testSource(i))
	}
	if len(g.sources) > maxGuessSources || len(g.peers) > maxGuessPeers || len(g.proven) > maxProven {
		t.Errorf("%d sources, %d peers, %d proven", len(g.sources), len(g.peers), len(g.proven))
	}
	if _, ok := g.proven[guesserID(1<<20+3*maxGuessSources-1)]; !ok {
		t.Error("the last that has proved the passphrase is forgotten")
	}
}

// Who is locked out for longest is remembered when the memory is full.
func TestGuessesRememberTheWorst(t *testing.T) {
	var g Guesses
	_, now := attack(&g, guessStart, 1, 2*time.Hour)
	before := g.sources[testSource(0)].count
	for i := range 2 * maxGuessSources {
		now = now.Add(time.Millisecond)
		g.all = guessRate{} // as if those were hours
		g.Begin(now, guesserID(i), testSource(1+i))
	}
	if after := g.sources[testSource(0)].count; after != before || before == 0 {
		t.Errorf("%d wrong guesses became %d", before, after)
	}
}

// Who has proved the passphrase comes and goes, whatever guessers do, from wherever.
func TestGuessesLetMembersIn(t *testing.T) {
	var g Guesses
	now := guessStart
	wantWait(t, "at first", g.Begin(now, testID(1), testSource(7)), 0)
	g.Proved(now, testID(1), testSource(7))
	_, now = attack(&g, now, 5000, 20*time.Minute)
	for range 100 {
		wantWait(t, "during an attack", g.Begin(now, testID(1), testSource(8)), 0)
		wantWait(t, "from a guesser's network", g.Begin(now, testID(1), testSource(1)), 0)
	}
}

// A few guessers do not keep newcomers out, not even for a second.
func TestGuessesLetNewcomersIn(t *testing.T) {
	var g Guesses
	now := guessStart
	for round := range 60 {
		_, now = attack(&g, now, 200, 10*time.Second)
		newcomer, source := guesserID(round), testSource(1<<20+round)
		if round%2 == 0 {
			source = testSource(1 << 30) // several come from one
		}
		if wait := g.Begin(now, newcomer, source); wait != 0 {
			t.Fatalf("after %v a newcomer waits %v", now.Sub(guessStart), wait)
		}
		g.Proved(now, newcomer, source)
	}
}

// A room that comes together: eight members on one machine, each of which has two
// connections to each other one and slips once.
func TestGuessesOfARoomThatComesTogether(t *testing.T) {
	var g Guesses
	now := guessStart
	for peer := 1; peer < 8; peer++ {
		wantWait(t, "the first connection", g.Begin(now, testID(peer), testSource(1)), 0)
	}
	for peer := 1; peer < 8; peer++ {
		now = now.Add(time.Millisecond)
		g.Proved(now, testID(peer), testSource(1))
		wantWait(t, "the second connection", g.Begin(now, testID(peer), testSource(1)), 0)
		g.Proved(now, testID(peer), testSource(1))
	}
	if s := g.sources[testSource(1)]; s.count != 0 || g.all.wait(now, 1) > 0 {
		t.Errorf("%d wrong guesses, though all were right", s.count)
	}
}

// What a member typed wrong, and what broke off, is taken back when it succeeds; what
// others at its source did is not.
func TestGuessesTakeBackSlips(t *testing.T) {
	var g Guesses
	now := guessStart
	g.Begin(now, testID(9), testSource(1)) // a guesser
	for range 2 {
		wantWait(t, "a slip", g.Begin(now, testID(1), testSource(1)), 0)
	}
	g.Proved(now, testID(1), testSource(1))
	if s := g.sources[testSource(1)]; s.count != 1 {
		t.Errorf("%d wrong guesses, want 1", s.count)
	}
	if wait := g.all.wait(now, 1); wait != guessInterval {
		t.Errorf("%v owed in all, want %v", wait, guessInterval)
	}
}

// Nothing is gained by Proved without a Begin.
func TestGuessesProvedUnasked(t *testing.T) {
	var g Guesses
	now := guessStart
	for i := range sourceFree {
		g.Begin(now, guesserID(i), testSource(1))
	}
	owed, count := g.all.wait(now, 1), g.sources[testSource(1)].count
	g.Proved(now, testID(1), testSource(1))
	if g.all.wait(now, 1) != owed || g.sources[testSource(1)].count != count {
		t.Error("it took back wrong guesses of others")
	}
}
