package peer

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
)

// uplinkStory has links ask for their shares ten times a second.
type uplinkStory struct {
	uplink
	now    time.Time
	links  []*Link
	needs  []uplinkNeed
	shares []media.Bitrate
}

func newUplinkStory(total media.Bitrate, needs ...uplinkNeed) *uplinkStory {
	s := &uplinkStory{uplink: uplink{total: total}, now: time.Unix(1, 0), needs: needs}
	for range needs {
		s.links = append(s.links, new(Link))
	}
	s.shares = make([]media.Bitrate, len(needs))
	return s
}

func (s *uplinkStory) run(d time.Duration) {
	for end := s.now.Add(d); s.now.Before(end); {
		s.now = s.now.Add(100 * time.Millisecond)
		for i, l := range s.links {
			s.shares[i] = s.share(s.now, l, s.needs[i])
		}
	}
}

// used is what the links send if each sends all it may and can.
func (s *uplinkStory) used() (sum media.Bitrate) {
	for i, share := range s.shares {
		sum += min(share, s.needs[i].sound+s.needs[i].pictures)
	}
	return sum
}

func near(got, want media.Bitrate) bool { return got > want*98/100 && got < want*102/100 }

func talking(pictures media.Bitrate) uplinkNeed { return uplinkNeed{100 * media.Kbps, pictures} }

func TestOneLinkHasTheWholeUplink(t *testing.T) {
	s := newUplinkStory(1*mbit, talking(20*kbit))
	for _, need := range []media.Bitrate{20 * kbit, 5 * mbit, 300 * kbit, 0, 2 * mbit} {
		s.needs[0].pictures = need
		if s.run(100 * time.Millisecond); s.shares[0] != 1*mbit {
			t.Errorf("with use for %v it has %v of 1 Mbit/s", need, s.shares[0])
		}
	}
}

func TestWhatOneDoesNotUseGoesToTheOthers(t *testing.T) {
	s := newUplinkStory(3*mbit, talking(5*mbit), talking(5*mbit), talking(5*mbit))
	s.run(time.Second)
	for i, share := range s.shares {
		if !near(share, 1*mbit) {
			t.Errorf("link %d has %v of 3 Mbit/s for three", i, share)
		}
	}
	s.needs[2].pictures = 300 * kbit // its path takes no more
	s.run(3 * time.Second)
	if !near(s.shares[0], 1300*kbit) || !near(s.shares[1], 1300*kbit) {
		t.Errorf("the others have %v and %v, want 1.3 Mbit/s", s.shares[0], s.shares[1])
	}
	s.needs[2].pictures = 5 * mbit // it is shown large again
	s.run(200 * time.Millisecond)
	if used := s.used(); !near(s.shares[2], 1*mbit) || !near(used, 3*mbit) {
		t.Errorf("a moment later it has %v, and all %v", s.shares[2], used)
	}
}

func TestASharedUplinkRisesSmoothly(t *testing.T) {
	s := newUplinkStory(3*mbit, talking(5*mbit), talking(5*mbit))
	s.run(time.Second)
	before := s.shares[0]
	s.needs[1].pictures = 0
	s.run(uplinkInterval)
	if got := float64(s.shares[0]); got > 1.25*float64(before) || got < 1.1*float64(before) {
		t.Errorf("a quarter of a second later %v became %.0f bit/s", before, got)
	}
	s.run(2 * time.Second)
	if !near(s.shares[0], 2900*kbit) {
		t.Errorf("two seconds later it has %v", s.shares[0])
	}
}

func TestSoundComesFirst(t *testing.T) {
	s := newUplinkStory(350*kbit, talking(2*mbit), talking(2*mbit), talking(2*mbit))
	s.run(time.Second)
	for i, share := range s.shares {
		if share < 100*kbit || share > 120*kbit {
			t.Errorf("link %d has %v, of which sound needs 100 kbit/s", i, share)
		}
	}
	s.total = 150 * media.Kbps
	s.run(time.Second)
	for i, share := range s.shares {
		if !near(share, 50*kbit) {
			t.Errorf("link %d has %v of 150 kbit/s for three", i, share)
		}
	}
}

func TestWhoIsGoneLeavesItsShare(t *testing.T) {
	s := newUplinkStory(2*mbit, talking(5*mbit), talking(5*mbit))
	s.run(time.Second)
	s.links, s.needs = s.links[:1], s.needs[:1]
	s.run(5 * time.Second)
	if s.shares[0] != 2*mbit || len(s.users) != 1 {
		t.Errorf("the one that is left has %v, with %d remembered", s.shares[0], len(s.users))
	}
}

// TestTheUplinkIsNeverExceeded by any needs, once they are known.
func TestTheUplinkIsNeverExceeded(t *testing.T) {
	for seed := range uint64(100) {
		rng := rand.New(rand.NewPCG(seed, 4))
		needs := make([]uplinkNeed, 1+rng.IntN(8))
		s := newUplinkStory(media.Bitrate(1e5+3e6*rng.Float64()), needs...)
		for range 20 {
			for i := range needs {
				needs[i] = uplinkNeed{media.Bitrate(20e3 + 80e3*rng.Float64()), media.Bitrate(3e6 * rng.Float64())}
			}
			s.run(uplinkInterval + 200*time.Millisecond)
			if used := s.used(); used > s.total+8 {
				t.Fatalf("seed %d: %v of %v", seed, used, s.total)
			}
			if slices.Min(s.shares) <= 0 {
				t.Fatalf("seed %d: shares %v", seed, s.shares)
			}
		}
	}
}

func TestWaterLevel(t *testing.T) {
	for _, tc := range []struct {
		wants []float64
		all   float64
		want  float64
	}{
		{[]float64{5, 5, 5}, 9, 3},
		{[]float64{1, 5, 9}, 9, 4},
		{[]float64{9, 1, 1}, 9, 7},
		{[]float64{1, 2}, 9, 8}, // for the larger, were it alone to want more
		{[]float64{4}, 9, 9},
		{nil, 9, 9},
		{[]float64{1, 1}, -2, -1},
	} {
		if got := waterLevel(slices.Clone(tc.wants), tc.all); got != tc.want {
			t.Errorf("%v share %v at a level of %v, want %v", tc.wants, tc.all, got, tc.want)
		}
	}
}
