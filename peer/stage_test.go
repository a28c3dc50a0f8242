package peer_test

import (
	"bufio"
	"encoding/json"
	"image"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/peer"
	"github.com/skulltech/prattle/peer/peertest"
	"github.com/skulltech/prattle/quicproto/quictest"
)

// window is a view that a person looks at. It remembers the latest scene.
type window struct {
	mu     sync.Mutex
	size   image.Point
	latest media.Scene
	scenes int
	events chan media.ViewEvent
}

func newWindow(w, h int) *window {
	return &window{size: image.Pt(w, h), events: make(chan media.ViewEvent)}
}

func (w *window) Show(s *media.Scene) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.latest = *s
	w.latest.Tiles = slices.Clone(s.Tiles)
	w.scenes++
	return nil
}

func (w *window) Arrange(s *media.Scene) media.SceneLayout {
	w.mu.Lock()
	defer w.mu.Unlock()
	return media.LayoutScene(s, w.size.X, w.size.Y)
}

func (w *window) scene() media.Scene {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.latest
}

func (w *window) shown() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.scenes
}

// large is whose picture is, by ID; "" if nobody's.
func (w *window) large() string {
	for _, t := range w.scene().Tiles {
		if t.Large {
			return t.ID
		}
	}
	return ""
}

// tile is that of a person.
func (w *window) tile(id string) media.Tile {
	for _, t := range w.scene().Tiles {
		if t.ID == id {
			return t
		}
	}
	return media.Tile{}
}

func (w *window) Events() <-chan media.ViewEvent { return w.events }
func (w *window) Close() error                   { return nil }

// talker is a microphone that hears speech while talks, else nothing.
type talker struct {
	mu    sync.Mutex
	talks bool
	heard int // blocks
	next  time.Time
	done  chan struct{}
	close sync.Once
}

func newTalker() *talker { return &talker{done: make(chan struct{})} }

func (m *talker) talk(on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.talks = on
}

func (m *talker) Read(block []int16) (time.Time, error) {
	if m.next.IsZero() {
		m.next = time.Now()
	}
	first := m.next
	m.next = first.Add(media.SampleTime(len(block)))
	t := time.NewTimer(time.Until(m.next))
	defer t.Stop()
	select {
	case <-t.C:
	case <-m.done:
		return first, io.EOF
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.heard++
	for i := range block {
		block[i] = 0
		if m.talks && m.heard%25 < 20 { // syllables
			block[i] = 4000
		}
	}
	return first, nil
}

func (m *talker) Close() error {
	m.close.Do(func() { close(m.done) })
	return nil
}

// spectator is somebody with a window in a room, and the microphones of all.
type spectator struct {
	*attendee
	window *window
	mic    *talker
}

// gather makes a room of so many people, each with a window.
func gather(t *testing.T, n *quictest.Network, people int, change ...func(*peer.Config)) (all []*spectator) {
	t.Helper()
	var by []*attendee
	for i := range people {
		s := &spectator{window: newWindow(1280, 720), mic: newTalker()}
		s.attendee = &attendee{socket: n.Socket(i + 1)}
		s.person = newPerson(t, s.socket, append([]func(*peer.Config){smallPictures, func(cfg *peer.Config) {
			cfg.Devices.View = func() (media.View, error) { return s.window, nil }
			cfg.Devices.Microphone = func() (media.Microphone, error) { return s.mic, nil }
		}}, change...)...)
		opts := peer.JoinOptions{Name: "stage", Admit: everybody}
		for _, other := range by {
			opts.Peers = append(opts.Peers, other.socket.LocalAddr())
		}
		var err error
		if s.Conference, err = s.Join(opts); err != nil {
			t.Fatal(err)
		}
		by = append(by, s.attendee)
		all = append(all, s)
		wantRoom(t, 5*time.Second, by...)
	}
	time.Sleep(2 * time.Second)
	return all
}

func disperse(all []*spectator) {
	for _, s := range all {
		s.leave()
	}
}

// People stand in the order of their arrival, and a room has other keys than a call.
func TestStageOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		large := media.PictureConfig{Width: 1280, Height: 720, FPS: small.FPS}
		all := gather(t, quictest.NewNetwork(1, lan), 4, func(cfg *peer.Config) {
			cfg.Devices.Camera = func() (media.Camera, error) { return peertest.NewCamera(large), nil }
		})
		scene := all[0].window.scene()
		for i, tile := range scene.Tiles {
			if want := all[i+1].id.String(); tile.ID != want || tile.Frame == nil || tile.Large {
				t.Errorf("tile %d is of %s: %+v", i, tile.ID, tile)
			}
		}
		if len(scene.Tiles) != 3 || scene.Keys != media.KeysRoom {
			t.Errorf("%d people, keys %v", len(scene.Tiles), scene.Keys)
		}
		if at := all[0].window.Arrange(&scene).Self; at.Dx() < 400 || scene.Self == nil || scene.Self.Width != at.Dx()&^1 {
			t.Errorf("our own picture in a place of %v is %+v", at, scene.Self)
		}
		all[2].leave()
		time.Sleep(time.Second)
		scene = all[0].window.scene()
		if len(scene.Tiles) != 2 || scene.Tiles[0].ID != all[1].id.String() || scene.Tiles[1].ID != all[3].id.String() {
			t.Errorf("after one has left: %+v", scene.Tiles)
		}
		disperse(append(all[:2:2], all[3]))
	})
}

// The speaker view follows who speaks, and a pin outranks it.
func TestSpeakerView(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := gather(t, quictest.NewNetwork(2, lan), 4)
		me := all[0]
		id := func(i int) string { return all[i].id.String() }
		want := func(when, large string) {
			t.Helper()
			time.Sleep(200 * time.Millisecond)
			if got := me.window.large(); got != large {
				t.Errorf("%s %.16q is large, want %.16q", when, got, large)
			}
		}
		want("at first", "")
		me.SetSpeakerView(true)
		want("before anybody speaks", id(1))
		all[2].mic.talk(true)
		time.Sleep(1500 * time.Millisecond)
		want("while one speaks", id(2))
		if !me.window.tile(id(2)).Speaking || me.window.tile(id(1)).Speaking {
			t.Error("who speaks is not marked, or who does not")
		}
		all[2].mic.talk(false)
		time.Sleep(3 * time.Second)
		want("in silence", id(2))
		if me.window.tile(id(2)).Speaking {
			t.Error("who is silent is marked")
		}
		me.Pin(me.link(t, all[3].attendee))
		want("when another is pinned", id(3))
		all[1].mic.talk(true)
		time.Sleep(2 * time.Second)
		want("while a third speaks", id(3))
		me.Pin(nil)
		want("when nobody is pinned", id(1))
		me.SetSpeakerView(false)
		want("in the grid", "")
		me.SetSpeakerView(true)
		me.Pin(me.link(t, all[3].attendee))
		all[3].leave()
		time.Sleep(time.Second)
		want("when the pinned one has left", id(1))
		disperse(all[:3])
	})
}

// Who was silenced is marked, and not heard; a hand is seen.
func TestSilencedAndHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := gather(t, quictest.NewNetwork(3, lan), 3)
		me := all[0]
		all[1].mic.talk(true)
		time.Sleep(time.Second)
		_, before := me.speaker.Heard()
		time.Sleep(time.Second)
		_, after := me.speaker.Heard()
		if after-before < 60 {
			t.Fatalf("somebody who speaks is heard in %d of 100 blocks", after-before)
		}
		l := me.link(t, all[1].attendee)
		l.SetVolume(0)
		all[2].SetHand(true)
		time.Sleep(200 * time.Millisecond)
		_, before = me.speaker.Heard()
		time.Sleep(time.Second)
		if _, after = me.speaker.Heard(); after != before {
			t.Errorf("somebody who was silenced is heard in %d blocks", after-before)
		}
		if tile := me.window.tile(all[1].id.String()); !tile.Silenced || tile.Hand {
			t.Errorf("who was silenced: %+v", tile)
		}
		if tile := me.window.tile(all[2].id.String()); tile.Silenced || !tile.Hand {
			t.Errorf("whose hand is up: %+v", tile)
		}
		l.SetVolume(1)
		time.Sleep(200 * time.Millisecond)
		if me.window.tile(all[1].id.String()).Silenced {
			t.Error("who is heard again is still marked")
		}
		disperse(all)
	})
}

// Scenes are few although there are many pictures, and the trace tells of each picture
// in which scene it was.
func TestScenesOfARoom(t *testing.T) {
	name := filepath.Join(t.TempDir(), "trace")
	synctest.Test(t, func(t *testing.T) {
		traced := true
		all := gather(t, quictest.NewNetwork(4, lan), 5, func(cfg *peer.Config) {
			if traced {
				traced = false
				trace, err := peer.OpenTrace(name)
				if err != nil {
					t.Fatal(err)
				}
				cfg.Trace = trace
			}
		})
		before := all[0].window.shown()
		time.Sleep(5 * time.Second)
		if got := all[0].window.shown() - before; got > 5*31 || got < 5*15 {
			t.Errorf("%d scenes in 5 s of four people at 15 pictures a second", got)
		}
		disperse(all)
	})
	shows := readShows(t, name)
	pictures := make(map[string]int)
	var last uint64
	for i, s := range shows {
		if i > 0 && s.I != last && s.I != last+1 {
			t.Fatalf("scene %d follows %d", s.I, last)
		}
		last = s.I
		pictures[s.Peer]++
		if s.W != small.Width || s.H != small.Height {
			t.Fatalf("a picture of %dx%d", s.W, s.H)
		}
	}
	if len(pictures) != 4 || int(last)*3 > 2*len(shows) {
		t.Errorf("%d pictures of %d people in %d scenes", len(shows), len(pictures), last+1)
	}
}

type showEvent struct {
	Ev   string
	Peer string
	I    uint64
	W, H int
}

func readShows(t *testing.T, name string) (shows []showEvent) {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e showEvent
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		if e.Ev == "show" {
			shows = append(shows, e)
		}
	}
	return shows
}
