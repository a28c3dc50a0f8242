package peer

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
)

// tierStory divides links picture by picture, as their rates change.
type tierStory struct {
	now     time.Time
	members []*tierMember
	rates   []media.Bitrate
	moves   int
}

func newTierStory(rates ...media.Bitrate) *tierStory {
	s := &tierStory{now: time.Unix(1, 0), rates: rates}
	for range rates {
		s.members = append(s.members, &tierMember{codec: "vp9", tier: noTier})
	}
	return s
}

func (s *tierStory) picture() {
	s.now = s.now.Add(time.Second / 30)
	before := s.tiers()
	for i, m := range s.members {
		m.level.note(s.now, s.rates[i])
	}
	divideTiers(s.now, s.members)
	for i, tier := range s.tiers() {
		if before[i] != noTier && tier != before[i] {
			s.moves++
		}
	}
}

func (s *tierStory) run(d time.Duration) {
	for end := s.now.Add(d); s.now.Before(end); {
		s.picture()
	}
}

func (s *tierStory) tiers() (tiers []int) {
	for _, m := range s.members {
		tiers = append(tiers, m.tier)
	}
	return tiers
}

// recode has a link begin anew with another codec.
func (s *tierStory) recode(link int, codec string) {
	if m := s.members[link]; m.codec != codec {
		m.codec, m.tier = codec, noTier
	}
}

// together reports whether links are in one tier.
func (s *tierStory) together(links ...int) bool {
	for _, l := range links {
		if s.members[l].tier != s.members[links[0]].tier {
			return false
		}
	}
	return true
}

func (s *tierStory) encodes() int {
	tiers := s.tiers()
	slices.Sort(tiers)
	return len(slices.Compact(tiers))
}

const (
	kbit = media.Kbps
	mbit = media.Mbps
)

func TestLinksThatAreAlikeShareAnEncode(t *testing.T) {
	s := newTierStory(2*mbit, 1500*kbit, 1800*kbit, 1300*kbit)
	const seed = 1
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 60 * 30 {
		for i := range s.rates {
			s.rates[i] = media.Bitrate(1.3e6 + 0.7e6*rng.Float64())
		}
		if s.picture(); s.encodes() != 1 {
			t.Fatalf("seed %d: tiers %v", seed, s.tiers())
		}
	}
}

func TestAWeakLinkLeavesAndComesBack(t *testing.T) {
	s := newTierStory(2*mbit, 2*mbit, 2*mbit)
	s.run(5 * time.Second)
	s.rates[2] = 1100 * kbit // of which the others lose half, but it may be a moment's weakness
	s.run(200 * time.Millisecond)
	if !s.together(0, 1, 2) {
		t.Errorf("it left at once: %v", s.tiers())
	}
	s.run(400 * time.Millisecond)
	if s.together(0, 2) || !s.together(0, 1) || s.members[0].tier != 0 {
		t.Errorf("0.6 s later: %v", s.tiers())
	}
	s.rates[2] = 1400 * kbit // enough to have stayed, but not to come back
	s.run(20 * time.Second)
	if s.together(0, 2) {
		t.Error("it came back with hardly enough")
	}
	s.rates[2] = 1700 * kbit
	s.run(2 * time.Second)
	if s.together(0, 2) {
		t.Error("it came back at once")
	}
	s.run(time.Second)
	if !s.together(0, 1, 2) || s.members[0].tier != 0 {
		t.Errorf("with enough it did not come back: %v", s.tiers())
	}
	if s.moves != 2 {
		t.Errorf("%d moves, want one there and one back", s.moves)
	}
}

func TestACollapseIsNotWaitedFor(t *testing.T) {
	s := newTierStory(2*mbit, 2*mbit)
	s.run(5 * time.Second)
	s.rates[0] = 300 * kbit
	if s.picture(); s.together(0, 1) || s.members[1].tier != 0 {
		t.Errorf("after one picture: %v", s.tiers())
	}
}

func TestALinkThatSwingsDoesNotFlap(t *testing.T) {
	s := newTierStory(2*mbit, 2*mbit, 2*mbit)
	for range 60 {
		s.rates[1] = 1 * mbit
		s.run(500 * time.Millisecond)
		s.rates[1] = 2 * mbit
		s.run(500 * time.Millisecond)
	}
	if s.moves > 1 {
		t.Errorf("%d moves in a minute of swings", s.moves)
	}
}

// TestTheFewMove has most links become weak: those who stay strong make room.
func TestTheFewMove(t *testing.T) {
	s := newTierStory(2*mbit, 2*mbit, 2*mbit, 2*mbit, 2*mbit)
	s.run(5 * time.Second)
	for i := 1; i < 5; i++ {
		s.rates[i] = 1 * mbit
	}
	s.run(time.Second)
	if !s.together(1, 2, 3, 4) || s.together(0, 1) || s.moves != 1 {
		t.Errorf("%v after %d moves", s.tiers(), s.moves)
	}
}

// TestThreeEncodesAtMost has links of all kinds; nobody is put where less is made for
// it than need be.
func TestThreeEncodesAtMost(t *testing.T) {
	s := newTierStory(2*mbit, 900*kbit, 400*kbit, 150*kbit, 130*kbit)
	s.run(5 * time.Second)
	if s.encodes() != 3 || s.together(0, 3) || !s.together(3, 4) {
		t.Errorf("tiers %v", s.tiers())
	}
	moves := s.moves
	if s.run(20 * time.Second); s.moves != moves {
		t.Errorf("%d moves while nothing changed", s.moves-moves)
	}
}

// TestOneThatGainsLeavesTheWeak for the strong, and the weak need not move.
func TestOneThatGainsLeavesTheWeak(t *testing.T) {
	s := newTierStory(2*mbit, 2*mbit, 500*kbit, 500*kbit)
	s.run(5 * time.Second)
	if s.encodes() != 2 || !s.together(2, 3) {
		t.Fatalf("tiers %v", s.tiers())
	}
	s.moves, s.rates[2] = 0, 2*mbit
	s.run(5 * time.Second)
	if !s.together(0, 1, 2) || s.together(2, 3) || s.moves != 1 {
		t.Errorf("tiers %v after %d moves", s.tiers(), s.moves)
	}
}

// TestCodecsAreNotMixed has links that decode different ones, more of them than there
// are places left.
func TestCodecsAreNotMixed(t *testing.T) {
	s := newTierStory(2*mbit, 900*kbit, 300*kbit, 2*mbit)
	s.run(time.Second)
	if s.encodes() != 3 {
		t.Fatalf("tiers %v", s.tiers())
	}
	s.recode(3, "vp8")
	s.run(time.Second)
	if s.together(3, 0) || s.together(3, 1) || s.together(3, 2) {
		t.Errorf("tiers %v", s.tiers())
	}
}

// TestTiersOfAnyLinks throws dice: each link always has a tier of its codec, and none
// holds back others for long where there is room for it elsewhere.
func TestTiersOfAnyLinks(t *testing.T) {
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 2))
		s := newTierStory(make([]media.Bitrate, 1+rng.IntN(12))...)
		for range 20 {
			for i := range s.rates {
				if rng.IntN(3) == 0 || s.rates[i] == 0 {
					s.rates[i] = media.Bitrate(50e3 * (1 + 50*rng.Float64()))
				}
				s.recode(i, []string{"vp9", "vp9", "vp9", "vp8", "jpeg"}[rng.IntN(5)])
			}
			s.run(time.Duration(rng.IntN(4000)) * time.Millisecond)
			s.check(t, seed)
		}
		s.run(10 * time.Second)
		s.check(t, seed)
		moves := s.moves
		s.run(10 * time.Second)
		if s.moves != moves {
			t.Errorf("seed %d: links still move, %v with %v", seed, s.tiers(), s.rates)
		}
		for i, m := range s.members {
			for j, other := range s.members {
				if m.tier == other.tier && m.rate() < tierShare*other.rate() && s.encodes() < maxTiers {
					t.Errorf("seed %d: link %d holds back %d, %v with %v", seed, i, j, s.tiers(), s.rates)
				}
			}
		}
	}
}

func (s *tierStory) check(t *testing.T, seed uint64) {
	for i, m := range s.members {
		if m.tier < 0 || m.tier >= maxTiers {
			t.Fatalf("seed %d: link %d has tier %d", seed, i, m.tier)
		}
		for j, other := range s.members {
			if m.tier == other.tier && m.codec != other.codec {
				t.Fatalf("seed %d: links %d and %d of different codecs share tier %d", seed, i, j, m.tier)
			}
		}
	}
}

func TestMoreCodecsThanTiers(t *testing.T) {
	s := newTierStory(2*mbit, 2*mbit, 2*mbit, 2*mbit)
	for i, codec := range []string{"vp9", "vp8", "av1", "jpeg"} {
		s.recode(i, codec)
	}
	s.run(time.Second)
	if left := slices.Index(s.tiers(), noTier); left != 3 || s.encodes() != 4 {
		t.Errorf("tiers %v", s.tiers())
	}
	s.recode(0, "jpeg")
	if s.run(time.Second); slices.Contains(s.tiers(), noTier) || !s.together(0, 3) {
		t.Errorf("with a codec less: %v", s.tiers())
	}
}
