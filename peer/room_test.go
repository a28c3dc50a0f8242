package peer_test

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/peer"
	"github.com/skulltech/prattle/peer/peertest"
	"github.com/skulltech/prattle/quicproto/quictest"
)

func TestMain(m *testing.M) {
	peertest.RegisterCodecs()
	code := m.Run()
	if err := goleak.Find(); code == 0 && err != nil {
		println(err.Error())
		code = 1
	}
	os.Exit(code)
}

// person is a room with its devices, and what happened in it.
type person struct {
	*peer.Room
	id      certs.PeerID
	view    peertest.View
	speaker *peertest.Speaker
	picture media.PictureConfig // of the camera
	opened  int                 // devices
	answer  func(*peer.Link)
	events  []peer.Event
	stop    chan struct{}
	stopped chan struct{}
}

func newPerson(t *testing.T, socket net.PacketConn, change ...func(*peer.Config)) *person {
	t.Helper()
	id, err := certs.New()
	if err != nil {
		t.Fatal(err)
	}
	p := &person{id: id.ID(), speaker: peertest.NewSpeaker(), stop: make(chan struct{}), stopped: make(chan struct{})}
	p.picture = media.PictureConfig{Width: 1280, Height: 720, FPS: 30}
	cfg := peer.Config{
		Identity: id, Name: "person", FPS: p.picture.FPS,
		Devices: peer.Devices{
			Camera:     func() (media.Camera, error) { p.opened++; return peertest.NewCamera(p.picture), nil },
			Microphone: func() (media.Microphone, error) { return peertest.NewMicrophone(1000), nil },
			View:       func() (media.View, error) { return &p.view, nil },
			Speaker:    func() (media.Speaker, error) { return p.speaker, nil },
		},
	}
	for _, f := range change {
		f(&cfg)
	}
	p.Room = peer.NewRoom(socket, cfg)
	p.answer = func(l *peer.Link) { l.Accept() }
	go p.routineEvents()
	return p
}

func (p *person) routineEvents() {
	defer close(p.stopped)
	for {
		select {
		case e := <-p.Events():
			p.events = append(p.events, e)
			if e.Kind == peer.EventRing {
				p.answer(e.Link)
			}
		case <-p.stop:
			return
		}
	}
}

// leave closes the room; afterwards events may be read.
func (p *person) leave() {
	p.Close()
	close(p.stop)
	<-p.stopped
}

// meet makes two people on a network, the second of whom listens.
func meet(t *testing.T, n *quictest.Network) (a, b *person, addr []net.Addr) {
	t.Helper()
	socket := n.Socket(2)
	a, b = newPerson(t, n.Socket(1)), newPerson(t, socket)
	if err := b.Listen(); err != nil {
		t.Fatal(err)
	}
	return a, b, []net.Addr{socket.LocalAddr()}
}

func call(t *testing.T, a *person, addr []net.Addr, want certs.PeerID) *peer.Link {
	t.Helper()
	l, err := a.Call(context.Background(), addr, want, peer.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// latencies returns how old pictures were when they were shown, sorted.
func latencies(shown []peertest.Shown) []time.Duration {
	var d []time.Duration
	for _, s := range shown {
		d = append(d, s.Latency)
	}
	slices.Sort(d)
	return d
}

func TestPictureAndSoundBothWays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, addr := meet(t, quictest.NewNetwork(1, quictest.Link{Delay: 20 * time.Millisecond}))
		l := call(t, a, addr, b.id)
		time.Sleep(10 * time.Second)
		for name, p := range map[string]*person{"caller": a, "callee": b} {
			shown := p.view.Shown()
			if n := len(shown); n < 295 {
				t.Errorf("%s: %d pictures in 10 s", name, n)
				continue
			}
			if !slices.IsSortedFunc(shown, func(x, y peertest.Shown) int { return int(x.N) - int(y.N) }) {
				t.Errorf("%s: pictures out of order", name)
			}
			if first := shown[0]; first.Width != 1280 {
				t.Errorf("%s: the first picture is %d wide", name, first.Width)
			}
			d := latencies(shown)
			if p50, p95 := d[len(d)/2], d[len(d)*95/100]; p50 > 30*time.Millisecond || p95 > 45*time.Millisecond {
				t.Errorf("%s: pictures are %v / %v old over 20 ms", name, p50, p95)
			}
			if blocks, loud := p.speaker.Heard(); loud < blocks*95/100 || blocks < 900 {
				t.Errorf("%s: sound in %d of %d blocks", name, loud, blocks)
			}
		}
		st := l.Stats()
		if st.RTT < 38 || st.RTT > 50 || st.FPS < 29 || st.Freezes != 0 || st.Nacks != 0 {
			t.Errorf("statistics: %+v", st)
		}
		l.HangUp()
		<-l.Done()
		if s := l.Summary(); s == nil || s.Ended != "" || s.Shown < 290 {
			t.Errorf("summary: %+v", s)
		}
		a.leave()
		b.leave()
	})
}

func TestLossDoesNotFreezeThePicture(t *testing.T) {
	for _, loss := range []float64{0.01, 0.05, 0.1} {
		synctest.Test(t, func(t *testing.T) {
			const seed = 11
			a, b, addr := meet(t, quictest.NewNetwork(seed, quictest.Link{Delay: 20 * time.Millisecond, Loss: loss}))
			l := call(t, a, addr, b.id)
			time.Sleep(20 * time.Second)
			st := l.Stats()
			shown := b.view.Shown()
			d := latencies(shown)
			t.Logf("loss %v: %d pictures, %v / %v old, %d freezes, %.0f ms concealed, %d keyframes, %.0f kbit/s",
				loss, len(shown), d[len(d)/2], d[len(d)*95/100], st.Freezes, st.ConcealedMs, st.Keyframes, st.SendKbps)
			if len(shown) < 550 || st.Freezes > 3 {
				t.Errorf("seed %d, loss %v: %d pictures in 20 s, %d freezes", seed, loss, len(shown), st.Freezes)
			}
			a.leave()
			b.leave()
		})
	}
}

func TestNoDeviceOpensBeforeAccept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, addr := meet(t, quictest.NewNetwork(1, quictest.Link{Delay: 5 * time.Millisecond}))
		b.answer = func(*peer.Link) {}
		l := call(t, a, addr, certs.PeerID{})
		time.Sleep(20 * time.Second)
		if l.State() != peer.StateRinging || a.opened != 0 || b.opened != 0 {
			t.Errorf("while it rings (%s) %d and %d cameras are open", l.State(), a.opened, b.opened)
		}
		time.Sleep(60 * time.Second)
		if !errors.Is(l.Err(), peer.ErrNoAnswer) {
			t.Errorf("a call that nobody answers ends with %v", l.Err())
		}
		a.leave()
		b.leave()
	})
}

func TestDeclinedAndBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(1, quictest.Link{Delay: 5 * time.Millisecond})
		a, b, addr := meet(t, n)
		third := newPerson(t, n.Socket(3))
		first := call(t, a, addr, b.id)
		time.Sleep(time.Second)
		second := call(t, third, addr, b.id)
		<-second.Done()
		if !errors.Is(second.Err(), peer.ErrBusy) {
			t.Errorf("a second call ends with %v", second.Err())
		}
		first.HangUp()
		<-first.Done()
		time.Sleep(time.Second)
		b.answer = func(l *peer.Link) { l.Decline("no") }
		again := call(t, third, addr, b.id)
		<-again.Done()
		if !errors.Is(again.Err(), peer.ErrDeclined) {
			t.Errorf("a declined call ends with %v", again.Err())
		}
		for _, p := range []*person{a, b, third} {
			p.leave()
		}
	})
}

func TestChatIsDeliveredAndFiltered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, addr := meet(t, quictest.NewNetwork(1, quictest.Link{Delay: 20 * time.Millisecond}))
		l := call(t, a, addr, b.id)
		time.Sleep(time.Second)
		id := l.SendChat("hello \x1b[31mred\u202e")
		time.Sleep(time.Second)
		a.leave()
		b.leave()
		if !slices.ContainsFunc(a.events, func(e peer.Event) bool { return e.Kind == peer.EventDelivered && e.ID == id }) {
			t.Error("the line was not acknowledged")
		}
		if !slices.ContainsFunc(b.events, func(e peer.Event) bool {
			return e.Kind == peer.EventChat && e.Text != "" && !slices.Contains([]rune(e.Text), 0x1b) && !slices.Contains([]rune(e.Text), 0x202e)
		}) {
			t.Errorf("the line did not arrive clean: %+v", b.events)
		}
	})
}

func TestADeadPeerIsNoticedAndLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(1, quictest.Link{Delay: 5 * time.Millisecond})
		a, b, addr := meet(t, n)
		l := call(t, a, addr, b.id)
		time.Sleep(2 * time.Second)
		n.SetAll(quictest.Link{Loss: 1})
		time.Sleep(3 * time.Second)
		if l.State() != peer.StateReconnecting {
			t.Errorf("3 s after it died: %s", l.State())
		}
		time.Sleep(27 * time.Second)
		if l.State() != peer.StateReconnecting {
			t.Errorf("30 s after it died: %s", l.State())
		}
		time.Sleep(45 * time.Second)
		if !errors.Is(l.Err(), peer.ErrLost) {
			t.Errorf("75 s after it died: %v", l.Err())
		}
		a.leave()
		b.leave()
	})
}

func TestAnOutageIsSurvived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(1, quictest.Link{Delay: 20 * time.Millisecond})
		a, b, addr := meet(t, n)
		l := call(t, a, addr, b.id)
		time.Sleep(5 * time.Second)
		n.SetAll(quictest.Link{Loss: 1})
		time.Sleep(3 * time.Second)
		n.SetAll(quictest.Link{Delay: 20 * time.Millisecond})
		up := time.Now()
		time.Sleep(5 * time.Second)
		shown := b.view.Shown()
		i := slices.IndexFunc(shown, func(s peertest.Shown) bool { return s.At.After(up) })
		if i < 0 {
			t.Fatal("the picture never came back")
		}
		t.Logf("the picture is back after %v", shown[i].At.Sub(up))
		if d := shown[i].At.Sub(up); d > 1500*time.Millisecond {
			t.Errorf("the picture is back after %v", d)
		}
		if l.State() != peer.StateConnected {
			t.Errorf("after the outage: %s", l.State())
		}
		a.leave()
		b.leave()
	})
}

func TestMutingStopsTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, addr := meet(t, quictest.NewNetwork(1, quictest.Link{Delay: 5 * time.Millisecond}))
		l := call(t, a, addr, b.id)
		time.Sleep(time.Second)
		a.SetMuted(true)
		a.SetCameraOff(true)
		time.Sleep(time.Second)
		if muted, off := b.Links()[0].Streams(); !muted || !off {
			t.Errorf("the other side believes muted %v, camera off %v", muted, off)
		}
		before := len(b.view.Shown())
		time.Sleep(2 * time.Second)
		if after := len(b.view.Shown()); after != before {
			t.Errorf("%d pictures came from a camera that is off", after-before)
		}
		a.SetCameraOff(false)
		time.Sleep(time.Second)
		if after := len(b.view.Shown()); after < before+25 {
			t.Errorf("%d pictures in a second after the camera came back", after-before)
		}
		l.HangUp()
		<-l.Done()
		a.leave()
		b.leave()
	})
}
