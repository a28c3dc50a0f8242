package main

import (
	"strings"
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/peer"
)

// newTestScreen is the screen of a room with the given people, of whom nobody speaks.
func newTestScreen(crowd ...crowd) *roomScreen {
	s := newRoomScreen("standup", true)
	s.begin(new(peer.Conference), time.Now())
	all := people(crowd...)
	for i := range all {
		all[i].link = new(peer.Link)
	}
	nameAll(all, nil)
	s.meet(all)
	return s
}

func TestRoomStatus(t *testing.T) {
	s := newTestScreen(crowd{known, "alice"}, crowd{stranger, "bob"})
	now := s.since.Add(75 * time.Second)
	if got, want := s.status(now), "● camera on   standup   3 people   1:15"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	s.setLocked(true)
	s.toggleCamera()
	s.meet(nil)
	if got, want := s.status(now), "camera off   standup (locked)   you alone   1:15"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestRoomTiles(t *testing.T) {
	s := newTestScreen(crowd{known, "alice"}, crowd{stranger, "alice ✓"})
	s.people[0].who.contact.Verified = true
	scene := &media.Scene{Tiles: []media.Tile{{ID: s.people[1].who.peer.ID.String(), Name: "alice ✓"}, {ID: s.people[0].who.peer.ID.String(), Name: "a"}, {ID: "gone", Name: "as it was"}}}
	s.decorate(scene)
	for i, want := range []string{"“alice ✓” " + s.people[1].id(), "alice ✓", "as it was"} {
		if scene.Tiles[i].Name != want {
			t.Errorf("tile %d is %q, want %q", i, scene.Tiles[i].Name, want)
		}
	}
	if scene.Keys != media.KeysRoom || len(scene.Stats) != 0 {
		t.Errorf("%+v", scene)
	}
	s.toggleStats()
	if s.decorate(scene); len(scene.Stats) != 2 || !strings.HasPrefix(scene.Stats[0], "alice  0×0") {
		t.Errorf("%q", scene.Stats)
	}
}

func TestLoudness(t *testing.T) {
	s := newTestScreen(crowd{known, "alice"}, crowd{known, "bob"})
	alice, bob := s.people[0].link, s.people[1].link
	want := func(percent int) {
		t.Helper()
		if got := s.volume(alice); got != percent {
			t.Errorf("alice is at %d %%, want %d", got, percent)
		}
	}
	want(100)
	s.toggleSilent(alice)
	want(0)
	s.toggleSilent(alice)
	want(100)
	s.setVolume(alice, 250)
	s.toggleSilent(alice)
	want(0)
	s.toggleSilent(alice)
	want(250)
	s.toggleSilent(alice)
	s.setVolume(alice, 50) // whoever is made louder is to be heard
	want(50)
	if s.volume(bob) != 100 {
		t.Error("bob has changed")
	}
	s.meet(s.people[1:])
	want(100) // who comes back is somebody new
}

func TestPinned(t *testing.T) {
	s := newTestScreen(crowd{known, "alice"}, crowd{known, "bob"})
	alice, bob := s.people[0].link, s.people[1].link
	if !s.setPinned(alice) || !s.setPinned(bob) || s.setPinned(bob) || !s.setPinned(bob) {
		t.Error("pinning again takes it back")
	}
	s.meet(s.people[:1])
	if s.pinned != nil {
		t.Error("who has gone is pinned")
	}
}

func TestRoomCommands(t *testing.T) {
	for word, want := range map[string]string{
		"/t": "/to", "/n": "/names", "/w": "/who", "/a": "/admit", "/ref": "/refuse", "/remove": "/remove", "/l": "/lock",
		"/u": "/unlock", "/m": "/mute", "/v": "/volume", "/c": "/camera", "/p": "/pin", "/st": "/stats", "/sp": "/speaker",
		"/ha": "/hand", "/he": "/help", "/q": "/quit",
		"/re": "", "/rem": "", "/h": "", "/s": "", "/": "", "/x": "",
	} {
		got, err := findCommand(roomCommands(), word)
		if (err == nil) != (want != "") || got.name != want {
			t.Errorf("%s is %q, %v, want %q", word, got.name, err, want)
		}
	}
	for _, c := range roomCommands() {
		if !strings.Contains(roomHelp, c.name) && c.name != "/who" && c.name != "/help" {
			t.Errorf("/help says nothing of %s", c.name)
		}
	}
}
