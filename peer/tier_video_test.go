package peer

import (
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/quicproto"
)

// screening encodes pictures for links without connections, whose other sides decode
// what arrives.
type screening struct {
	t    *testing.T
	seed uint64
	rng  *rand.Rand
	p    *pipeline
	e    videoEncoder
	now  time.Time
	n    uint64
	fans []*fan
}

// fan is the other side of a link.
type fan struct {
	*Link
	lost   float64 // share of the frames that do not arrive
	jitter *media.JitterBuffer
	dec    media.VideoDecoder
	shown  media.Frame
	next   uint16 // ID that the next frame must have
	begun  bool
	frames int
	last   uint64 // source frame last shown
	seen   time.Time
}

func newScreening(t *testing.T, seed uint64, rates ...media.Bitrate) *screening {
	s := &screening{t: t, seed: seed, rng: rand.New(rand.NewPCG(seed, 5)), now: time.Unix(1, 0)}
	room := &Room{cfg: Config{FPS: 30, Log: slog.New(slog.DiscardHandler), VideoCodecs: []string{"vp9"}}}
	s.p = &pipeline{room: room, epoch: s.now}
	s.e.p = s.p
	codec, err := media.VideoCodecByName("vp9")
	if err != nil {
		t.Fatal(err)
	}
	var links []*Link
	for _, rate := range rates {
		f := &fan{Link: &Link{room: room, video: make(chan media.EncodedFrame, videoQueue)}, jitter: media.NewJitterBuffer(0), seen: s.now}
		f.remote.video = []string{"vp9"}
		f.demand.set(allowing(rate))
		if f.dec, err = codec.NewDecoder(media.VideoDecoderConfig{}); err != nil {
			t.Fatal(err)
		}
		s.fans, links = append(s.fans, f), append(links, f.Link)
	}
	s.p.audience.Store(&links)
	return s
}

func (s *screening) run(d time.Duration) {
	frame := media.NewFrame(1280, 720)
	for end := s.now.Add(d); s.now.Before(end); {
		s.now = s.now.Add(time.Second / 30)
		s.n++
		frame.N, frame.Captured = s.n, s.now
		s.e.encode(s.now, frame)
		for i, f := range s.fans {
			s.watch(i, f)
		}
	}
}

// watch decodes what a link has got, and complains if that cannot be done.
func (s *screening) watch(i int, f *fan) {
	for len(f.video) > 0 {
		frame := <-f.video
		f.frames++
		if f.begun && frame.ID != f.next {
			s.t.Fatalf("seed %d: link %d gets frame %d after %d", s.seed, i, frame.ID, f.next-1)
		}
		f.begun, f.next = true, (frame.ID+1)&media.FrameIDMask
		if s.rng.Float64() >= f.lost {
			f.jitter.Push(s.now, frame)
		}
	}
	for frame, ok := f.jitter.Pop(s.now); ok; frame, ok = f.jitter.Pop(s.now) {
		if _, err := f.dec.Decode(frame.Data, &f.shown); err != nil {
			s.t.Fatalf("seed %d: link %d cannot decode frame %d: %v", s.seed, i, frame.ID, err)
		}
		if f.shown.N <= f.last {
			s.t.Fatalf("seed %d: link %d shows picture %d after %d", s.seed, i, f.shown.N, f.last)
		}
		f.last, f.seen = f.shown.N, s.now
	}
	if !f.jitter.Stalled().IsZero() {
		id, ok := f.jitter.LastDecoded()
		f.demand.recover(s.now, quicproto.LossNotice{HasDecoded: ok, LastDecoded: id}, 50*time.Millisecond)
	}
}

// encoders is how many are open.
func (s *screening) encoders() (n int) {
	for i := range s.e.tiers {
		if s.e.tiers[i].enc != nil {
			n++
		}
	}
	return n
}

func TestAMoveLeavesNoGap(t *testing.T) {
	s := newScreening(t, 1, 2*mbit, 2*mbit, 2*mbit)
	s.run(5 * time.Second)
	if n := s.encoders(); n != 1 {
		t.Fatalf("%d encoders for links that are alike", n)
	}
	s.fans[2].demand.set(allowing(800 * kbit))
	s.run(3 * time.Second)
	if n := s.encoders(); n != 2 {
		t.Fatalf("%d encoders beside a weak link", n)
	}
	s.fans[2].demand.set(allowing(2 * mbit))
	s.run(15 * time.Second)
	if n := s.encoders(); n != 1 {
		t.Errorf("%d encoders long after it came back", n)
	}
	for i, f := range s.fans {
		if f.frames != int(s.n) {
			t.Errorf("link %d got %d of %d pictures", i, f.frames, s.n)
		}
	}
}

// TestAMoverIsCarried by its old tier while its new one makes no pictures.
func TestAMoverIsCarried(t *testing.T) {
	s := newScreening(t, 1, 2*mbit, 2*mbit, 300*kbit)
	s.run(5 * time.Second)
	s.fans[2].demand.set(allowance{target: 300 * kbit, sustained: 300 * kbit, backlog: time.Second})
	s.fans[1].demand.set(allowing(310 * kbit))
	s.run(100 * time.Millisecond) // it collapses into the tier that has to wait
	if f := s.fans[1]; f.frames != int(s.n) {
		t.Errorf("it got %d of %d pictures", f.frames, s.n)
	}
}

func TestNobodyWaitsForOneThatIsBehind(t *testing.T) {
	s := newScreening(t, 1, 2*mbit, 2*mbit, 2*mbit)
	s.run(5 * time.Second)
	s.fans[2].demand.set(allowance{target: 2 * mbit, sustained: 2 * mbit, backlog: time.Second})
	before := s.fans[0].frames
	s.run(5 * time.Second)
	if missed := 150 - (s.fans[0].frames - before); missed > 5 {
		t.Errorf("the others missed %d pictures", missed)
	}
	before = s.fans[2].frames
	if s.run(time.Second); s.fans[2].frames != before {
		t.Errorf("it was given %d pictures more", s.fans[2].frames-before)
	}
}

// TestSmallPicturesAreMadeApartWhereThatSaves has two links show thumbnails, or pictures
// not much smaller than the third does.
func TestSmallPicturesAreMadeApartWhereThatSaves(t *testing.T) {
	for _, tc := range []struct{ wide, encoders, got int }{{300, 2, 320}, {640, 2, 640}, {900, 1, 1280}, {1280, 1, 1280}} {
		s := newScreening(t, 1, 2*mbit, 2*mbit, 2*mbit)
		s.run(5 * time.Second)
		for _, f := range s.fans[1:] {
			f.setWish(tc.wide, tc.wide*9/16)
		}
		s.run(3 * time.Second)
		if n := s.encoders(); n != tc.encoders || s.fans[0].shown.Width != 1280 || s.fans[1].shown.Width != tc.got {
			t.Errorf("%d wide is shown %d wide by %d encoders, beside %d", tc.wide, s.fans[1].shown.Width, n, s.fans[0].shown.Width)
		}
		s.fans[0].setWish(tc.wide, tc.wide*9/16)
		s.run(3*time.Second + tierIdle)
		if w := s.fans[0].shown.Width; s.encoders() != 1 || tc.wide < 900 && w != tc.got {
			t.Errorf("when all show %d wide there are %d encoders, and pictures %d wide", tc.wide, s.encoders(), w)
		}
		s.e.close()
	}
}

// TestNobodyStarvesTheOthersOfPictures by asking for keyframes all the time.
func TestNobodyStarvesTheOthersOfPictures(t *testing.T) {
	s := newScreening(t, 1, 2*mbit, 2*mbit)
	keyframes := 0
	for range 300 {
		s.fans[1].demand.recover(s.now, quicproto.LossNotice{}, 0)
		s.now = s.now.Add(time.Second / 30)
		frame := media.NewFrame(1280, 720)
		frame.Captured = s.now
		s.e.encode(s.now, frame)
		if f := <-s.fans[0].video; f.Keyframe {
			keyframes++
		}
		<-s.fans[1].video
	}
	if keyframes > 22 || keyframes < 15 {
		t.Errorf("%d keyframes in 10 s", keyframes)
	}
}

// TestAnyRoomSeesConsistentStreams throws dice for rates, wishes, losses, holds and
// backlogs: every link can decode what it gets, in order, and sees pictures soon after
// all is well.
func TestAnyRoomSeesConsistentStreams(t *testing.T) {
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 6))
		rate := func() media.Bitrate { return media.Bitrate(40e3 + 2.5e6*rng.Float64()*rng.Float64()) }
		rates := make([]media.Bitrate, 1+rng.IntN(6))
		for i := range rates {
			rates[i] = rate()
		}
		s := newScreening(t, seed, rates...)
		for range 30 {
			f := s.fans[rng.IntN(len(s.fans))]
			switch rng.IntN(6) {
			case 0:
				f.setWish(rng.IntN(1500), rng.IntN(900))
			case 1:
				f.lost = 0.1 * rng.Float64()
			case 2:
				f.demand.set(allowance{}) // on hold
			case 3:
				f.demand.set(allowance{target: rate(), sustained: rate(), backlog: time.Duration(rng.IntN(80)) * time.Millisecond, dead: rng.IntN(4) == 0})
			default:
				f.demand.set(allowing(rate()))
			}
			s.run(time.Duration(rng.IntN(3000)) * time.Millisecond)
		}
		for _, f := range s.fans {
			f.demand.set(allowing(2 * mbit))
			f.setWish(1280, 720)
			f.lost = 0
		}
		s.run(2 * time.Second)
		for i, f := range s.fans {
			if wait := s.now.Sub(f.seen); wait > 100*time.Millisecond {
				t.Errorf("seed %d: link %d has seen nothing for %v", seed, i, wait)
			}
		}
		s.run(10 * time.Second)
		if w := s.e.tiers[s.e.viewers[0].tier].rung.Width; w != 1280 {
			t.Errorf("seed %d: in the end pictures are %d wide", seed, w)
		}
		s.run(tierIdle)
		if n := s.encoders(); n != 1 {
			t.Errorf("seed %d: %d encoders in the end", seed, n)
		}
		s.e.close()
	}
}
