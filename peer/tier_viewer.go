package peer

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/skulltech/prattle/media"
)

// viewer is a link as routineEncode sees it, which owns it.
type viewer struct {
	link    *Link
	allowed allowance
	wish    steadyWish
	width   int // of the largest picture it decodes
	height  int
	tierMember
	stream *videoTier // whose frames it gets; nil: none until the next keyframe
	ids    frameIDs
	late   time.Time // since when too much waits for it; zero: it does not
	caught time.Time // up, last
	began  time.Time // anew, last
}

// pictureStats is what a link's viewer gets, for the link's own goroutine.
type pictureStats struct {
	known                  atomic.Bool
	width, height, bitrate atomic.Int64 // 0: no pictures
}

func (s *pictureStats) set(r rung) {
	s.width.Store(int64(r.Width))
	s.height.Store(int64(r.Height))
	s.bitrate.Store(int64(r.Left))
	s.known.Store(true)
}

// pictures says whether the link gets any.
func (s *pictureStats) pictures() bool { return s.width.Load() > 0 }

// rate is what is made for the link, once that is known.
func (s *pictureStats) rate() (rate media.Bitrate, known bool) {
	return media.Bitrate(s.bitrate.Load()), s.known.Load()
}

// watching picks those viewers that get pictures of w by h, and finds what they can
// take.
func watching(now time.Time, viewers []*viewer, w, h, fps int) []*viewer {
	var active []*viewer
	for _, v := range viewers {
		if v.look(now, w, h) {
			active = append(active, v)
		} else {
			v.rest()
		}
	}
	all := allLate(active)
	for _, v := range active {
		v.noteLevel(now, fps, all)
	}
	return active
}

// look takes over what the link says, and reports whether it gets pictures from a
// camera of w by h pixels.
func (v *viewer) look(now time.Time, w, h int) bool {
	before := v.wish.wishedSize
	v.allowed = v.link.demand.rate()
	v.wish.note(now, v.link.demand.wished())
	codec, ok := v.link.videoCodec()
	if codec != v.codec {
		v.rest()
		v.codec = codec
	}
	if !ok || v.allowed.target == 0 || v.wish.hidden() {
		return false
	}
	width, height := shrink(w, h, v.link.decodable())
	if v.wish.wishedSize != before || v.width != width || v.height != height {
		v.level = steadyLevel{} // this is no weather
	}
	v.width, v.height = width, height
	v.noteBacklog(now)
	return true
}

// rest is for a viewer that gets no pictures. It begins anew if it does again.
func (v *viewer) rest() {
	v.stream, v.tier, v.level, v.late = nil, noTier, steadyLevel{}, time.Time{}
	v.link.made.set(rung{})
}

const (
	// plentyBits is what a pixel costs in VP9 where more bits are not seen any more:
	// 135 kbit/s for 320x180 at 30 a second.
	plentyBits = 6 * enoughBits
	// wishStretch is how much more than it shows a link takes without harm: pictures of
	// a quarter of the others' bits are made apart, for an encode of so many pixels costs
	// less than that of the large ones, and each that shows small ones saves the most of
	// its line and of its decoder's work. Larger ones are not worth it.
	wishStretch = 1.9
)

// plenty is the bitrate that pictures have use for.
func plenty(w, h, fps int) media.Bitrate { return media.Bitrate(plentyBits * float64(w*h*fps)) }

// useful is the most that the link has use for, or takes without harm.
func (v *viewer) useful(fps int) media.Bitrate {
	most := plenty(v.width, v.height, fps)
	if step := v.wish.step(v.width, v.height); step > 0 {
		wished := plenty(evenPart(v.width, ladderSizes[step]), evenPart(v.height, ladderSizes[step]), fps)
		return min(most, media.Bitrate(wishStretch*float64(wished)))
	}
	return most
}

const (
	// backlogPatience is for how long pictures are not made since too much waits for one
	// of several that share them: one picture of 15 a second, so that nobody sees it. Then
	// it is left to itself, for
	backlogPatience = 60 * time.Millisecond
	// backlogLimit at most: then it is taken to be much weaker than it says.
	backlogLimit = 300 * time.Millisecond
	// backlogRest is for how long nobody waits again for one that has caught up.
	backlogRest = 2 * time.Second
)

func (v *viewer) noteBacklog(now time.Time) {
	switch late := v.allowed.backlog > maxBacklog; {
	case late && v.late.IsZero():
		v.late = now
	case !late && !v.late.IsZero():
		v.late, v.caught = time.Time{}, now
	}
}

// waitedFor reports whether the others have waited long enough for the link.
func (v *viewer) waitedFor(now time.Time) bool {
	return v.behind(now) > backlogPatience || now.Sub(v.caught) < backlogRest
}

// behind is for how long too much has been waiting for the link.
func (v *viewer) behind(now time.Time) time.Duration {
	if v.late.IsZero() {
		return 0
	}
	return now.Sub(v.late)
}

// allLate reports whether there is nobody who would get pictures in time.
func allLate(viewers []*viewer) bool {
	return !slices.ContainsFunc(viewers, func(v *viewer) bool { return v.late.IsZero() && !v.allowed.dead })
}

// noteLevel finds what the link can make use of.
func (v *viewer) noteLevel(now time.Time, fps int, allLate bool) {
	rate := min(encoderRate(v.allowed.size(), soundFor(v.allowed.sustained), fps), v.useful(fps))
	switch {
	case v.allowed.dead && v.level.steady > 0:
		return // it will be what it was
	case !allLate && v.level.steady > 0 && v.behind(now) > backlogLimit:
		rate = min(rate, v.level.steady/2)
	}
	v.level.note(now, rate)
}

// jointly is what all viewers can take of one encode. One alone is as it is. Of several,
// those to which nothing gets through are passed by, and those that have been behind for
// long while others are not; and one that dips does not make the pictures smaller before
// it is known to stay low.
func jointly(now time.Time, viewers []*viewer) (all allowance, ok bool) {
	if len(viewers) == 1 {
		return viewers[0].allowed, true
	}
	late := allLate(viewers)
	for _, v := range viewers {
		a := v.allowed
		if a.dead {
			continue
		}
		if !late && v.waitedFor(now) {
			a.backlog = 0
		}
		if v.level.dips() {
			a.sustained = max(a.sustained, media.Bitrate(float64(v.level.steady)/(1-a.repair)))
		}
		if ok {
			a = a.with(all)
		}
		all, ok = a, true
	}
	return all, ok
}

// largest is the lowest step of ladderSizes that any of the viewers needs of pictures of
// w by h.
func largest(viewers []*viewer, w, h int) int {
	step := len(ladderSizes) - 1
	for _, v := range viewers {
		step = min(step, v.wish.step(w, h))
	}
	return step
}

// decodable is the size that all viewers can decode.
func decodable(viewers []*viewer) (w, h int) {
	small := slices.MinFunc(viewers, func(a, b *viewer) int { return a.width*a.height - b.width*b.height })
	return small.width, small.height
}
