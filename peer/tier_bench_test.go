//go:build cgo

package peer

import (
	"log/slog"
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/media/mediatest"
	_ "github.com/skulltech/prattle/media/vpx" // vp8: tests have a stand-in for vp9
	_ "github.com/skulltech/prattle/media/yuv"
	"github.com/skulltech/prattle/quicproto"
)

// audience is a pipeline without devices, and links without connections.
type audience struct {
	pipeline
	now    time.Time
	frames []*media.Frame
	n      uint64
}

func newAudience(w, h, listeners int) *audience {
	a := &audience{now: time.Unix(1, 0)}
	a.epoch = a.now
	a.room = &Room{cfg: Config{FPS: 30, Log: slog.New(slog.DiscardHandler), VideoCodecs: []string{"vp8"}}}
	var links []*Link
	for range listeners {
		l := &Link{room: a.room, video: make(chan media.EncodedFrame, videoQueue)}
		l.remote.video = []string{"vp8"}
		l.demand.set(allowing(800 * media.Kbps))
		links = append(links, l)
	}
	a.audience.Store(&links)
	for i := range 30 {
		a.frames = append(a.frames, media.NewFrame(w, h))
		mediatest.Scene(i, a.frames[i])
	}
	return a
}

// picture is the next one, a 30th of a second later.
func (a *audience) picture() *media.Frame {
	at := int(a.n % uint64(2*len(a.frames)))
	f := a.frames[min(at, 2*len(a.frames)-1-at)]
	a.now = a.now.Add(time.Second / 30)
	f.N, f.Captured = a.n, a.now
	a.n++
	return f
}

// BenchmarkListeners encodes pictures of 640x360 for so many listeners who take the same;
// with "weak", one of them does not. core% is of a core, at 30 pictures a second.
func BenchmarkListeners(b *testing.B) {
	for _, tc := range []struct {
		name            string
		listeners, weak int
	}{{"1", 1, 0}, {"3", 3, 0}, {"7", 7, 0}, {"7,weak", 7, 1}} {
		b.Run(tc.name, func(b *testing.B) {
			a := newAudience(640, 360, tc.listeners)
			for _, l := range a.links()[:tc.weak] {
				l.demand.set(allowing(150 * media.Kbps))
			}
			e := videoEncoder{p: &a.pipeline}
			defer e.close()
			for b.Loop() {
				e.encode(a.now, a.picture())
				for _, l := range a.links() {
					for len(l.video) > 0 {
						<-l.video
					}
				}
			}
			b.ReportMetric(100*30*b.Elapsed().Seconds()/float64(b.N), "core%")
		})
	}
}

// BenchmarkListener sends pictures of 800 kbit/s to one listener and takes its feedback:
// what each further one costs besides QUIC. The listener's side is in it, too.
func BenchmarkListener(b *testing.B) {
	near := quicproto.NewSession(quicproto.SessionConfig{})
	far := quicproto.NewSession(quicproto.SessionConfig{})
	data := make([]byte, (800 * media.Kbps).Bytes(time.Second/30))
	now := time.Unix(1, 0)
	pass := func(from, to *quicproto.Session) {
		for d := from.Pop(now); d != nil; d = from.Pop(now) {
			to.HandleDatagram(now, d)
		}
	}
	for n := 0; b.Loop(); n++ {
		f := media.EncodedFrame{Codec: "vp9", Data: data, ID: uint16(n) & media.FrameIDMask, Keyframe: n == 0, Timestamp: uint32(3000 * n)}
		if n > 0 {
			f.Refs[0], f.NumRefs = 1, 1
		}
		if err := near.SendVideo(now, &f); err != nil {
			b.Fatal(err)
		}
		for range 33 {
			now = now.Add(time.Second / 990)
			near.Advance(now)
			far.Advance(now)
			pass(near, far)
			pass(far, near)
		}
		for _, ok := far.PopFrame(); ok; _, ok = far.PopFrame() {
		}
	}
	b.ReportMetric(100*30*b.Elapsed().Seconds()/float64(b.N), "core%")
}
