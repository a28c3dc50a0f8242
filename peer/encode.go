package peer

import (
	"cmp"
	"slices"
	"time"

	"github.com/skulltech/prattle/media"
)

// routineEncode compresses the newest picture, once for all links that can take about
// the same.
func (p *pipeline) routineEncode() {
	defer p.routines.Done()
	e := videoEncoder{p: p}
	defer e.close()
	for {
		select {
		case <-p.captured.Ready():
		case <-p.ctx.Done():
			return
		}
		frame, ok := p.captured.Take()
		if !ok {
			continue
		}
		e.encode(time.Now(), frame)
		p.spares <- frame
	}
}

// videoEncoder encodes for all links: links -> viewers -> tiers -> encoders.
type videoEncoder struct {
	p       *pipeline
	viewers []*viewer // in the order of the links
	tiers   [maxTiers]videoTier
	sizes   scaler
}

// maxBacklog is how much may wait in a link's queue before a picture is skipped:
// one more would only come later.
const maxBacklog = 40 * time.Millisecond

func (e *videoEncoder) encode(now time.Time, f *media.Frame) {
	e.follow(e.p.links())
	fps := e.p.room.cfg.FPS
	active := watching(now, e.viewers, f.Width, f.Height, fps)
	if _, off := e.p.room.streams(); off || len(active) == 0 {
		e.rest() // whoever comes back needs a keyframe anyway
		return
	}
	active = divided(now, active)
	for i := range e.tiers {
		e.tiers[i].plan(now, e.membersOf(active, i), fps)
	}
	e.sizes.begin(f)
	for _, i := range e.ranked(active) {
		t := &e.tiers[i]
		served := e.served(now, active, t)
		if len(served) == 0 {
			continue
		}
		if err := e.encodeTier(now, t, f, served); err != nil {
			e.p.room.cfg.Log.Error("cannot encode a picture", "reason", err)
			e.end(t)
		}
	}
}

// divided gives each viewer a tier, and returns those that have one.
func divided(now time.Time, active []*viewer) []*viewer {
	members := make([]*tierMember, len(active))
	for i, v := range active {
		members[i] = &v.tierMember
	}
	divideTiers(now, members)
	return slices.DeleteFunc(active, func(v *viewer) bool {
		if v.tier == noTier {
			v.rest()
		}
		return v.tier == noTier
	})
}

// follow keeps one viewer for each link.
func (e *videoEncoder) follow(links []*Link) {
	if slices.EqualFunc(e.viewers, links, func(v *viewer, l *Link) bool { return v.link == l }) {
		return
	}
	before := e.viewers
	e.viewers = make([]*viewer, len(links))
	for i, l := range links {
		at := slices.IndexFunc(before, func(v *viewer) bool { return v.link == l })
		if at >= 0 {
			e.viewers[i] = before[at]
		} else {
			e.viewers[i] = &viewer{link: l, tierMember: tierMember{tier: noTier}}
		}
	}
}

// membersOf are the viewers of a tier; if it has none any more, those that it carries
// until another tier does.
func (e *videoEncoder) membersOf(active []*viewer, tier int) []*viewer {
	var members, carried []*viewer
	for _, v := range active {
		switch {
		case v.tier == tier:
			members = append(members, v)
		case v.stream == &e.tiers[tier]:
			carried = append(carried, v)
		}
	}
	if len(members) == 0 {
		return carried
	}
	return members
}

// ranked is the order of work: the tier with most to show first.
func (e *videoEncoder) ranked(active []*viewer) []int {
	var most [maxTiers]float64
	for _, v := range active {
		most[v.tier] = max(most[v.tier], v.rate())
	}
	order := []int{0, 1, 2}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(most[b], most[a]) })
	return order
}

// served are the viewers that get the picture at hand from a tier: its members, and
// those that have moved away to a tier that makes none of it. Who is to begin there and
// has no place in its queue begins later.
func (e *videoEncoder) served(now time.Time, active []*viewer, t *videoTier) []*viewer {
	var served []*viewer
	for _, v := range active {
		home := &e.tiers[v.tier]
		from := home
		switch {
		case v.stream == home:
		case len(v.link.video) > 0:
			from = v.stream
		case !home.due && v.allowed.backlog <= maxBacklog:
			from = v.stream
		}
		if from == t && t.due {
			served = append(served, v)
		}
	}
	return served
}

// encodeTier makes the picture at hand for viewers, and gives it to them.
func (e *videoEncoder) encodeTier(now time.Time, t *videoTier, f *media.Frame, viewers []*viewer) error {
	if t.enc != nil && t.codec != viewers[0].codec {
		e.end(t)
	}
	if err := t.open(viewers[0].codec, f.Width, f.Height, e.p.room.cfg.FPS); err != nil {
		return err
	}
	out, err := t.encode(now, e.sizes.sized(t.rung), viewers)
	if err != nil || len(out.Data) == 0 {
		return err
	}
	out.N, out.Captured = f.N, f.Captured
	out.Timestamp = uint32(f.Captured.Sub(e.p.epoch) * 90000 / time.Second)
	for _, v := range viewers {
		v.send(t, out)
	}
	e.passBy(t, viewers)
	return nil
}

// passBy has those begin anew who follow the tier and were not given its latest picture:
// what comes next is predicted from it.
func (e *videoEncoder) passBy(t *videoTier, given []*viewer) {
	for _, v := range e.viewers {
		if v.stream == t && !slices.Contains(given, v) {
			v.stream = nil
		}
	}
}

// send gives a frame of a tier to the link. One that changes its tier begins with a
// keyframe.
func (v *viewer) send(t *videoTier, out media.EncodedFrame) {
	if v.stream != t {
		if !out.Keyframe {
			return
		}
		v.stream = t
		v.ids.begin()
	}
	v.link.made.set(t.rung)
	out.ID = v.ids.continued(out.ID)
	select {
	case v.link.video <- out:
	default: // what follows needs this frame
		v.link.drops.Add(1)
		v.stream = nil
	}
}

// end closes the encoder of a tier: its viewers begin anew.
func (e *videoEncoder) end(t *videoTier) {
	t.close()
	for _, v := range e.viewers {
		if v.stream == t {
			v.stream = nil
		}
	}
}

// rest is for when nobody gets pictures.
func (e *videoEncoder) rest() {
	for _, v := range e.viewers {
		v.rest()
	}
	e.close()
}

func (e *videoEncoder) close() {
	for i := range e.tiers {
		e.end(&e.tiers[i])
	}
}

// frameIDs makes the IDs of several encoders, one after the other, count on as
// if they were one's.
type frameIDs struct {
	begun  bool
	offset uint16
	last   uint16
}

func (i *frameIDs) begin() { i.begun = false }

// restored is the present encoder's ID for a continued one.
func (i *frameIDs) restored(id uint16) uint16 { return (id - i.offset) & media.FrameIDMask }

func (i *frameIDs) continued(id uint16) uint16 {
	if !i.begun {
		i.begun, i.offset = true, i.last+1-id
	}
	i.last = (id + i.offset) & media.FrameIDMask
	return i.last
}

// scaler makes the picture at hand smaller, once for each size.
type scaler struct {
	from   *media.Frame
	frames [maxTiers]media.Frame
	made   int
}

func (s *scaler) begin(f *media.Frame) { s.from, s.made = f, 0 }

// sized returns the picture at the size of the rung.
func (s *scaler) sized(r rung) *media.Frame {
	if r.Width == s.from.Width && r.Height == s.from.Height {
		return s.from
	}
	for i := range s.made {
		if f := &s.frames[i]; f.Width == r.Width && f.Height == r.Height {
			return f
		}
	}
	f := &s.frames[s.made]
	s.made++
	f.Resize(r.Width, r.Height)
	media.Scale(f, s.from)
	return f
}
