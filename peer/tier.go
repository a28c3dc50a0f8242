package peer

import (
	"time"

	"github.com/skulltech/prattle/media"
)

// How many encodes of the same picture there are at most, and what divides links
// among them.
const (
	maxTiers = 3
	noTier   = -1
	// tierShare is the least that a link may be able to take, of what the best in its
	// tier can: all get what the least of them can take.
	tierShare = 0.6
	// reuniteShare is that for two tiers to become one: 1.3 times as much.
	reuniteShare = 0.78
	// tierRest is for how long a link that has moved stays.
	tierRest = 2500 * time.Millisecond
	// crowdedGain is by how much a link must be better off among others where there is
	// no place for a tier of its own.
	crowdedGain = 1.3
)

// tierMember is a link that gets pictures.
type tierMember struct {
	codec string
	level steadyLevel // of what it can make use of
	tier  int         // noTier: it has none yet
	moved time.Time
}

func (m *tierMember) move(now time.Time, tier int) { m.tier, m.moved = tier, now }

// tiers divides links among encodes so that none holds back the others. Those that
// can take about the same share one; usually that is all of them. A link leaves only
// where the others would lose by it, and comes back only when it has been as good as
// they are for a while: each move costs all whom it joins a keyframe. It is without
// I/O and remembers nothing but what members do.
type tiers struct {
	now     time.Time
	members []*tierMember
}

// divideTiers gives each member a tier of its codec; none if there are more codecs than
// tiers.
func divideTiers(now time.Time, members []*tierMember) {
	t := tiers{now, members}
	for _, m := range members {
		if m.tier == noTier {
			t.enter(m)
		}
	}
	for tier := range maxTiers {
		t.part(tier)
	}
	for a := range maxTiers {
		for b := range a {
			t.reunite(b, a)
		}
	}
}

// enter finds the tier for a member that has none.
func (t *tiers) enter(m *tierMember) {
	if !t.place(m, 0) {
		t.makeRoom()
		t.place(m, 0)
	}
}

// place moves m to the tier in which it fits, or to one of its own; where there are
// too many, to where it fits clearly better than now. It returns false if m stays.
func (t *tiers) place(m *tierMember, now float64) bool {
	best, fit := t.closest(m)
	free, ok := t.free()
	switch {
	case fit >= tierShare:
		m.move(t.now, best)
	case ok:
		m.move(t.now, free)
	case fit > crowdedGain*now:
		m.move(t.now, best)
	default:
		return false
	}
	return true
}

// part takes apart what has become too unlike in a tier. Those move that are fewer,
// or have a place elsewhere.
func (t *tiers) part(tier int) {
	low, high := t.span(tier)
	if low == nil || low.rate() >= tierShare*high.rate() {
		return
	}
	var less, more []*tierMember
	for _, m := range t.members {
		switch {
		case m.tier != tier:
		case m.rate() < tierShare*high.rate():
			less = append(less, m)
		default:
			more = append(more, m)
		}
	}
	now := low.rate() / high.rate()
	leaving := less
	if _, fit := t.closest(high); fit >= reuniteShare || len(more) < len(less) {
		leaving = more
	}
	for _, m := range leaving {
		t.place(m, now)
	}
}

// reunite makes one tier of two that have been alike for a while. The fewer move.
func (t *tiers) reunite(a, b int) {
	ma, mb := t.in(a), t.in(b)
	if len(ma) == 0 || len(mb) == 0 || ma[0].codec != mb[0].codec || t.unlike(a, b) < reuniteShare {
		return
	}
	for _, m := range t.members {
		if (m.tier == a || m.tier == b) && t.now.Sub(m.moved) < tierRest {
			return
		}
	}
	if len(ma) < len(mb) {
		ma, mb, a = mb, ma, b
	}
	for _, m := range mb {
		m.move(t.now, a)
	}
}

// makeRoom joins the two tiers of one codec that are least unlike, so that there is
// one for another codec.
func (t *tiers) makeRoom() {
	from, to, best := noTier, noTier, 0.0
	for a := range maxTiers {
		for b := range a {
			ma, mb := t.in(a), t.in(b)
			if len(ma) == 0 || len(mb) == 0 || ma[0].codec != mb[0].codec {
				continue
			}
			if like := t.unlike(a, b); like > best {
				from, to, best = a, b, like
			}
		}
	}
	if best == 0 {
		return
	}
	for _, m := range t.in(from) {
		m.move(t.now, to)
	}
}

// closest is the tier, other than m's own, in which m would be least out of place,
// and how well it fits there: what the least could take, of what the best could.
func (t *tiers) closest(m *tierMember) (tier int, fit float64) {
	tier = noTier
	for i := range maxTiers {
		low, high := t.span(i)
		if i == m.tier || low == nil || low.codec != m.codec {
			continue
		}
		if f := min(low.rate(), m.rate()) / max(high.rate(), m.rate()); f > fit {
			tier, fit = i, f
		}
	}
	return tier, fit
}

// unlike is how far apart the members of two tiers are: the share that the least can
// take of what the best can.
func (t *tiers) unlike(a, b int) float64 {
	la, ha := t.span(a)
	lb, hb := t.span(b)
	return min(la.rate(), lb.rate()) / max(ha.rate(), hb.rate())
}

// span returns the members of a tier that can take least and most; nil if it has none.
func (t *tiers) span(tier int) (low, high *tierMember) {
	for _, m := range t.members {
		if m.tier != tier {
			continue
		}
		if low == nil || m.rate() < low.rate() {
			low = m
		}
		if high == nil || m.rate() > high.rate() {
			high = m
		}
	}
	return low, high
}

func (t *tiers) in(tier int) (members []*tierMember) {
	for _, m := range t.members {
		if m.tier == tier {
			members = append(members, m)
		}
	}
	return members
}

// free is a tier without members.
func (t *tiers) free() (tier int, ok bool) {
	for i := range maxTiers {
		if low, _ := t.span(i); low == nil {
			return i, true
		}
	}
	return noTier, false
}

func (m *tierMember) rate() float64 { return float64(max(m.level.steady, 1)) }

// steadyLevel follows a rate: down when it has been less for about a third of a second,
// or at once if it collapses; up when it has been more for some seconds. It is without
// I/O.
type steadyLevel struct {
	steady media.Bitrate
	now    media.Bitrate
	best   [levelSlots]media.Bitrate // in each of the latest slots of time; 0: none
	slot   int
	begun  time.Time // of the slot
}

const (
	levelSlot  = 250 * time.Millisecond
	levelSlots = 10 // 2.5 s
	// collapse is the share of the steady rate that is too little to wait for more.
	collapse = 0.4
)

// note takes the rate at now.
func (s *steadyLevel) note(now time.Time, rate media.Bitrate) {
	s.now = rate
	switch {
	case s.steady == 0, float64(rate) < collapse*float64(s.steady):
		*s = steadyLevel{now: rate, begun: now}
	case now.Sub(s.begun) >= levelSlot:
		s.slot = (s.slot + 1) % levelSlots
		s.best[s.slot], s.begun = 0, now
	}
	s.best[s.slot] = max(s.best[s.slot], rate)
	s.steady = s.least()
}

// least is the worst of the slots that are over, or the best so far if none is.
func (s *steadyLevel) least() media.Bitrate {
	least := media.Bitrate(0)
	for i, best := range s.best {
		if i != s.slot && best > 0 && (least == 0 || best < least) {
			least = best
		}
	}
	if least == 0 {
		return s.best[s.slot]
	}
	return least
}

// dips reports whether the rate is so low just now that it would have to leave its
// tier, were it to stay so.
func (s *steadyLevel) dips() bool { return float64(s.now) < tierShare*float64(s.steady) }
