package peer

import (
	"cmp"
	"slices"
	"time"

	"github.com/skulltech/prattle/media"
)

// hearer is a link as routineVoice sees it, which owns it.
type hearer struct {
	link    *Link
	codec   string
	allowed allowance
	step    int       // of soundLadder, that suits it
	better  time.Time // since when a better one would; zero: it would not
	tier    int       // the soundTier that it belongs to; noTier: none
	stream  *soundTier
}

const (
	// maxSounds is how many encodes of the sound there are at most.
	maxSounds = 3
	// soundRest is for how long a better step must suit one of several links.
	soundRest = 2500 * time.Millisecond
)

// note finds the step that suits the link: a lower one at once, a higher one after a
// while, if it would then be another encode than the others'.
func (h *hearer) note(now time.Time, alone bool) {
	step := soundStep(h.allowed.sustained)
	if !h.link.made.pictures() {
		step = max(step, soundAlone)
	}
	switch {
	case h.tier == noTier, alone, step > h.step:
		h.step, h.better = step, time.Time{}
	case step == h.step:
		h.better = time.Time{}
	case h.better.IsZero():
		h.better = now
	case now.Sub(h.better) >= soundRest:
		h.step, h.better = step, time.Time{}
	}
}

// soundClass is what links have in common that get the same packets.
type soundClass struct {
	codec string
	step  int
}

func (h *hearer) class() soundClass { return soundClass{h.codec, h.step} }

// divideSounds gives each hearer one of maxSounds tiers, and says which class each of
// those has: one for each step, as long as there are so many. Those who share a class
// stay with whom most of them are. It is without I/O.
func divideSounds(hearers []*hearer) (classes [maxSounds]soundClass, used [maxSounds]bool) {
	groups := groupSounds(hearers)
	for _, g := range groups {
		if tier := g.home(used); tier != noTier {
			classes[tier], used[tier] = g.soundClass, true
			g.tier = tier
		}
	}
	for _, g := range groups {
		if g.tier == noTier {
			g.tier = slices.Index(used[:], false)
			classes[g.tier], used[g.tier] = g.soundClass, true
		}
		for _, h := range g.hearers {
			h.tier = g.tier
		}
	}
	return classes, used
}

// soundGroup is those who get the same packets.
type soundGroup struct {
	soundClass
	hearers []*hearer
	tier    int
}

// groupSounds makes at most maxSounds groups of the hearers, the largest first.
func groupSounds(hearers []*hearer) []*soundGroup {
	var groups []*soundGroup
	for _, h := range hearers {
		i := slices.IndexFunc(groups, func(g *soundGroup) bool { return g.soundClass == h.class() })
		if i < 0 {
			i = len(groups)
			groups = append(groups, &soundGroup{soundClass: h.class(), tier: noTier})
		}
		groups[i].hearers = append(groups[i].hearers, h)
	}
	slices.SortStableFunc(groups, func(a, b *soundGroup) int {
		return cmp.Or(cmp.Compare(a.codec, b.codec), cmp.Compare(a.step, b.step))
	})
	for len(groups) > maxSounds {
		i := cheapestStep(groups)
		groups[i+1].hearers = append(groups[i+1].hearers, groups[i].hearers...)
		groups = slices.Delete(groups, i, i+1)
	}
	slices.SortStableFunc(groups, func(a, b *soundGroup) int { return len(b.hearers) - len(a.hearers) })
	return groups
}

// cheapestStep is the group that loses least if it gets what the next one does, in
// steps of all its hearers. If no two have the same codec, the last ones go without
// theirs.
func cheapestStep(groups []*soundGroup) int {
	best, least := len(groups)-2, 0
	for i, g := range groups[:len(groups)-1] {
		next := groups[i+1]
		loss := len(g.hearers) * (next.step - g.step)
		if g.codec == next.codec && (least == 0 || loss < least) {
			best, least = i, loss
		}
	}
	return best
}

// home is the tier to which most of the group belong, of those that nobody uses yet.
func (g *soundGroup) home(used [maxSounds]bool) int {
	var count [maxSounds]int
	best := noTier
	for _, h := range g.hearers {
		if h.tier == noTier || used[h.tier] {
			continue
		}
		count[h.tier]++
		if best == noTier || count[h.tier] > count[best] {
			best = h.tier
		}
	}
	return best
}

// soundTier is one encode of what the microphone hears.
type soundTier struct {
	enc     media.AudioEncoder
	codec   string
	rung    soundRung
	tuning  media.AudioTuning
	gate    media.VoiceGate
	pending []int16
	begun   time.Time // when the first of pending was heard
	packet  []byte
}

// boundary reports whether a packet of this kind may begin after so many samples since
// the start. So packets of all lengths meet every 120 ms, when a link can change from
// one tier to another.
func (r soundRung) boundary(samples uint64) bool {
	return samples%uint64(media.SamplesIn(r.Packet)) == 0
}

// boundary reports whether the block that begins after so many samples is for the
// tier: it goes on with a packet, or can begin one.
func (t *soundTier) boundary(samples uint64) bool {
	return len(t.pending) > 0 || t.rung.boundary(samples)
}

// begin has the tier ready for a packet that may begin after so many samples: of the
// step that is wanted, if it can begin then.
func (t *soundTier) begin(samples uint64, c soundClass, loss float64) error {
	wanted := soundLadder[c.step].soundRung
	if err := t.open(c.codec, wanted, loss); err != nil {
		return err
	}
	if wanted.boundary(samples) {
		t.rung = wanted
	}
	return t.tune(loss)
}

// open makes an encoder, if there is none of that codec, for what loses so much.
func (t *soundTier) open(codec string, rung soundRung, loss float64) error {
	if t.enc != nil && t.codec == codec {
		return nil
	}
	t.close()
	c, err := media.AudioCodecByName(codec)
	if err != nil {
		return err
	}
	t.codec, t.rung = codec, rung
	t.tuning = media.AudioTuning{Bitrate: rung.Bitrate, ExpectedLoss: loss}
	t.enc, err = c.NewEncoder(t.tuning)
	return err
}

// hear takes a block that was heard at a time, and reports whether it completes a
// packet.
func (t *soundTier) hear(at time.Time, block []int16, paused bool) bool {
	t.gate.Note(paused)
	if len(t.pending) == 0 {
		t.begun = at
	}
	t.pending = append(t.pending, block...)
	return len(t.pending) >= media.SamplesIn(t.rung.Packet)
}

// compress makes what is pending one packet, or leaves it out in a pause: then packet
// is empty, or says so.
func (t *soundTier) compress() (err error) {
	t.packet = t.packet[:0]
	verdict := t.gate.Decide(len(t.pending))
	pauses, ok := t.enc.(media.PauseEncoder)
	switch {
	case !ok || verdict == media.SendSound:
		t.packet, err = t.enc.Encode(t.packet, t.pending)
	case verdict == media.SendPause:
		t.packet = pauses.AppendPause(t.packet)
	}
	return err
}

// tune follows the rung and the loss of those who listen.
func (t *soundTier) tune(loss float64) error {
	tuning := media.AudioTuning{Bitrate: t.rung.Bitrate, ExpectedLoss: loss}
	if tuning == t.tuning {
		return nil
	}
	t.tuning = tuning
	return t.enc.Tune(tuning)
}

func (t *soundTier) close() {
	if t.enc != nil {
		t.enc.Close()
	}
	*t = soundTier{pending: t.pending[:0], packet: t.packet}
}
