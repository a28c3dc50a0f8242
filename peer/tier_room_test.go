package peer_test

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/peer"
	"github.com/skulltech/prattle/peer/peertest"
	"github.com/skulltech/prattle/quicproto/quictest"
)

// stageOf is a room in which one sends large pictures to listeners, who send nothing.
type stageOf struct {
	net       *quictest.Network
	speaker   *attendee
	listeners []*attendee
}

func newStage(t *testing.T, seed uint64, listeners int, change ...func(*peer.Config)) *stageOf {
	t.Helper()
	s := &stageOf{net: quictest.NewNetwork(seed, quictest.Link{Delay: 10 * time.Millisecond})}
	s.speaker = attend(t, s.net, 1, change)
	everyone := []*attendee{s.speaker}
	for i := range listeners {
		g := attend(t, s.net, 2+i, []func(*peer.Config){smallPictures}, s.speaker)
		g.SetCameraOff(true)
		g.SetMuted(true)
		s.listeners = append(s.listeners, g)
		everyone = append(everyone, g)
	}
	wantRoom(t, 5*time.Second, everyone...)
	return s
}

func attend(t *testing.T, n *quictest.Network, host int, change []func(*peer.Config), by ...*attendee) *attendee {
	t.Helper()
	g := &attendee{socket: n.Socket(host)}
	g.person = newPerson(t, g.socket, change...)
	opts := peer.JoinOptions{Name: "stage", Admit: everybody}
	for _, other := range by {
		opts.Peers = append(opts.Peers, other.socket.LocalAddr())
	}
	var err error
	if g.Conference, err = g.Join(opts); err != nil {
		t.Fatal(err)
	}
	return g
}

func (s *stageOf) thin(listener int, rate media.Bitrate) {
	link := quictest.Link{Delay: 10 * time.Millisecond, Rate: rate, Queue: 300 * time.Millisecond}
	s.net.Set(s.speaker.socket, s.listeners[listener].socket, link)
}

func (s *stageOf) leave() {
	for _, g := range append(s.listeners, s.speaker) {
		g.leave()
	}
}

// stats is how the speaker's link to a listener does; seen how that one's from it does.
func (s *stageOf) stats(t *testing.T, listener int) peer.LinkStats {
	return s.speaker.link(t, s.listeners[listener]).Stats()
}

func (s *stageOf) seen(t *testing.T, listener int) peer.LinkStats {
	return s.listeners[listener].link(t, s.speaker).Stats()
}

// figures are the means of a second's statistics.
type figures struct{ fps, width, sent float64 }

func (s *stageOf) watch(t *testing.T, listener, seconds int) (f figures) {
	n := float64(seconds)
	for range seconds {
		time.Sleep(time.Second)
		seen := s.seen(t, listener)
		f.fps += seen.FPS / n
		f.width += float64(seen.Width) / n
		f.sent += s.stats(t, listener).SendKbps / n
	}
	return f
}

// leastSent is the least that is sent to a listener in any of some seconds, in kbit/s: what
// is sent besides, to find out what the path takes, is not in all of them.
func (s *stageOf) leastSent(t *testing.T, listener, seconds int) float64 {
	least := math.Inf(1)
	for range seconds {
		time.Sleep(time.Second)
		least = min(least, s.stats(t, listener).SendKbps)
	}
	return least
}

// TestAWeakLinkDoesNotHoldBackTheOthers has one of three become thin in mid-call.
func TestAWeakLinkDoesNotHoldBackTheOthers(t *testing.T) {
	const seed = 5
	var alone, beside figures
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, seed, 2)
		time.Sleep(10 * time.Second)
		alone = s.watch(t, 0, 15)
		s.leave()
	})
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, seed, 3)
		time.Sleep(10 * time.Second)
		if st := s.stats(t, 2); st.SendWidth != 1280 {
			t.Errorf("while all are alike the third gets pictures %d wide", st.SendWidth)
		}
		s.thin(2, 300*media.Kbps)
		beside = s.watch(t, 0, 15)
		weak, st := s.seen(t, 2), s.stats(t, 2)
		t.Logf("seed %d: alone %+v, beside a weak one %+v; weak: %.1f fps, %d wide, %.0f kbit/s, %d freezes, %.0f ms",
			seed, alone, beside, weak.FPS, weak.Width, st.SendKbps, weak.Freezes, weak.FreezeMs)
		if weak.FPS < 14 || weak.Width >= 1280 || weak.Width < 320 || st.SendWidth != weak.Width {
			t.Errorf("the weak one sees %.1f pictures a second, %d wide, of %d sent", weak.FPS, weak.Width, st.SendWidth)
		}
		if st.SendKbps > 330 {
			t.Errorf("the weak one is sent %.0f kbit/s", st.SendKbps)
		}
		s.thin(2, 0)
		time.Sleep(20 * time.Second)
		if st := s.stats(t, 2); st.SendWidth != 1280 {
			t.Errorf("when its path is good again it gets pictures %d wide", st.SendWidth)
		}
		s.leave()
	})
	for _, c := range []struct {
		what          string
		alone, beside float64
	}{{"pictures a second", alone.fps, beside.fps}, {"width", alone.width, beside.width}, {"kbit/s", alone.sent, beside.sent}} {
		if c.beside < 0.97*c.alone {
			t.Errorf("seed %d: %s beside a weak one: %.1f, alone %.1f", seed, c.what, c.beside, c.alone)
		}
	}
}

// TestWhoIsNotSeenCostsNothing has one hide the speaker, and one show it small.
func TestWhoIsNotSeenCostsNothing(t *testing.T) {
	const seed = 6
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, seed, 3)
		time.Sleep(5 * time.Second)
		s.speaker.link(t, s.listeners[1]).SetWish(0, 0)
		s.speaker.link(t, s.listeners[2]).SetWish(300, 170)
		time.Sleep(3 * time.Second)
		large, hidden, small := s.watch(t, 0, 4), s.stats(t, 1), s.stats(t, 2)
		t.Logf("seed %d: large %+v, hidden %.0f kbit/s, small %.0f kbit/s", seed, large, hidden.SendKbps, small.SendKbps)
		if large.width != 1280 || large.fps < 29 {
			t.Errorf("the large one: %+v", large)
		}
		if seen := s.seen(t, 1); hidden.SendWidth != 0 || seen.VideoKbps != 0 || hidden.SendKbps > 150 {
			t.Errorf("the hidden one is sent %d wide, %.0f kbit/s, and got %.0f of pictures", hidden.SendWidth, hidden.SendKbps, seen.VideoKbps)
		}
		if seen := s.seen(t, 2); small.SendWidth != 320 || seen.Width != 320 || seen.FPS < 29 || small.SendKbps > 350 {
			t.Errorf("the small one is sent %d wide, %.0f kbit/s, sees %+v", small.SendWidth, small.SendKbps, seen)
		}
		s.speaker.link(t, s.listeners[1]).SetWish(1280, 720)
		s.speaker.link(t, s.listeners[2]).SetWish(1280, 720)
		time.Sleep(1500 * time.Millisecond)
		for i := range s.listeners {
			if seen := s.seen(t, i); seen.Width != 1280 {
				t.Errorf("seed %d: 1.5 s after all want large pictures, %d has them %d wide", seed, i, seen.Width)
			}
		}
		s.leave()
	})
}

// TestAnUplinkIsShared by three, all of whom would take more.
func TestAnUplinkIsShared(t *testing.T) {
	const seed, total = 7, 2400
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, seed, 3, func(cfg *peer.Config) { cfg.MaxUp = total * media.Kbps })
		time.Sleep(10 * time.Second)
		sum := 0.0
		for i := range s.listeners {
			st := s.stats(t, i)
			sum += st.SendKbps
			if st.TargetKbps < total/3-10 || st.TargetKbps > total/3+10 {
				t.Errorf("seed %d: %d has a target of %.0f kbit/s of %d for three", seed, i, st.TargetKbps, total)
			}
		}
		if sum > 1.1*total || sum < 0.8*total {
			t.Errorf("seed %d: %.0f kbit/s are sent, of %d", seed, sum, total)
		}
		s.speaker.link(t, s.listeners[0]).SetWish(0, 0)
		time.Sleep(5 * time.Second)
		for i := range s.listeners[1:] {
			if st := s.stats(t, 1+i); st.TargetKbps < 1050 {
				t.Errorf("seed %d: while one is hidden, another has a target of %.0f kbit/s", seed, st.TargetKbps)
			}
		}
		s.leave()
	})
}

// TestSoundOfThinLinksIsTheirOwn has one of three on a path for little sound.
func TestSoundOfThinLinksIsTheirOwn(t *testing.T) {
	const seed = 8
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, seed, 3, func(cfg *peer.Config) {
			cfg.Devices.Camera = func() (media.Camera, error) { return peertest.NewCamera(small), nil }
		})
		s.speaker.SetCameraOff(true)
		time.Sleep(3 * time.Second)
		good := s.leastSent(t, 0, 3)
		s.thin(2, 50*media.Kbps)
		time.Sleep(10 * time.Second)
		strong, weak := s.leastSent(t, 0, 3), s.stats(t, 2).SendKbps
		t.Logf("seed %d: sound at %.0f kbit/s before, %.0f beside a thin link at %.0f", seed, good, strong, weak)
		if strong < 0.97*good {
			t.Errorf("seed %d: the sound of the others went from %.0f to %.0f kbit/s", seed, good, strong)
		}
		if weak > 50 || weak < 10 {
			t.Errorf("seed %d: the thin link is sent %.0f kbit/s", seed, weak)
		}
		if concealed := s.seen(t, 2).ConcealedMs; concealed > 1500 {
			t.Errorf("seed %d: %.0f ms of its sound are missing", seed, concealed)
		}
		s.leave()
	})
}
