package quality

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/peer"
	"github.com/skulltech/prattle/quicproto/quictest"
)

// simulate runs a row in virtual time and returns what the call left.
func simulate(t *testing.T, row *Row, length time.Duration, seed uint64) *Recording {
	t.Helper()
	first, second := leftovers{filepath.Join(t.TempDir(), "first")}, leftovers{filepath.Join(t.TempDir(), "second")}
	var changed []time.Time
	var seen []passed
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(seed, row.Link)
		x := newSimulated(t, n, row, first, 1)
		watch := func(rival bool) func(quictest.Passage) {
			return func(p quictest.Passage) { seen = append(seen, passed{p, rival}) }
		}
		beside := func(near, far net.PacketConn) {
			n.Share([]net.PacketConn{x.near, near}, []net.PacketConn{x.far, far})
			n.Share([]net.PacketConn{x.far, far}, []net.PacketConn{x.near, near})
			n.Watch(near, far, watch(true))
		}
		var download *simulatedDownload
		switch row.Rival {
		case SecondCall:
			y := newSimulated(t, n, row, second, 3)
			beside(y.near, y.far)
			y.connect(t)
			defer y.close()
		case TCPDownload:
			download = newSimulatedDownload(n, 3)
			beside(download.near, download.far)
			defer download.close()
		}
		n.Watch(x.near, x.far, watch(false))
		x.connect(t)
		defer x.close()
		began := time.Now()
		for _, c := range row.Changes {
			time.Sleep(time.Until(began.Add(c.At)))
			changed = append(changed, time.Now())
			n.SetAll(c.Link)
		}
		if download != nil {
			time.Sleep(time.Until(began.Add(rivalStart)))
			download.start()
		}
		time.Sleep(time.Until(began.Add(length)))
	})
	r, err := first.recording(row, length, changed, seen)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// simulated is a call in a simulated network, from host n to host n+1.
type simulated struct {
	near, far      net.PacketConn
	caller, callee *simulatedPerson
}

func newSimulated(t *testing.T, n *quictest.Network, row *Row, l leftovers, host int) *simulated {
	t.Helper()
	if err := os.MkdirAll(l.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	x := &simulated{near: n.Socket(host), far: n.Socket(host + 1)}
	x.caller = newSimulatedPerson(t, x.near, row, l, caller, "test", "none", "none")
	x.callee = newSimulatedPerson(t, x.far, row, l, callee, "none", "file:"+l.view(), "file:"+l.sound())
	return x
}

// connect makes the call and returns when it is connected.
func (x *simulated) connect(t *testing.T) {
	t.Helper()
	if err := x.callee.room.Listen(); err != nil {
		t.Fatal(err)
	}
	link, err := x.caller.room.Call(context.Background(), []net.Addr{x.far.LocalAddr()}, x.callee.id, peer.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for link.State() != peer.StateConnected {
		time.Sleep(time.Millisecond)
	}
}

func (x *simulated) close() {
	x.caller.close()
	x.callee.close()
}

// simulatedPerson is one end of a call.
type simulatedPerson struct {
	room  *peer.Room
	id    certs.PeerID
	trace *peer.Trace
	stop  chan struct{}
}

func newSimulatedPerson(t *testing.T, socket net.PacketConn, row *Row, l leftovers, who, video, view, speaker string) *simulatedPerson {
	t.Helper()
	id, err := certs.New()
	if err != nil {
		t.Fatal(err)
	}
	trace, err := peer.OpenTrace(l.trace(who))
	if err != nil {
		t.Fatal(err)
	}
	sent := media.PictureConfig{Width: 1280, Height: 720, FPS: 30}
	shown := media.PictureConfig{Width: viewWidth, Height: viewHeight, FPS: 30}
	p := &simulatedPerson{id: id.ID(), trace: trace, stop: make(chan struct{})}
	p.room = peer.NewRoom(socket, peer.Config{
		Identity: id, Name: who, FPS: sent.FPS, MaxUp: row.maxUp(), Trace: trace,
		Devices: peer.Devices{
			Camera:     func() (media.Camera, error) { return media.OpenCamera(video, sent) },
			Microphone: func() (media.Microphone, error) { return media.OpenMicrophone("tone") },
			View:       func() (media.View, error) { return media.OpenView(view, shown) },
			Speaker:    func() (media.Speaker, error) { return media.OpenSpeaker(speaker) },
		},
	})
	go p.routineAnswer()
	return p
}

// routineAnswer accepts whoever calls.
func (p *simulatedPerson) routineAnswer() {
	for {
		select {
		case e := <-p.room.Events():
			if e.Kind == peer.EventRing {
				e.Link.Accept()
			}
		case <-p.stop:
			return
		}
	}
}

func (p *simulatedPerson) close() {
	p.room.Close()
	close(p.stop)
	p.trace.Close()
}
