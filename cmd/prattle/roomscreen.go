package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/peer"
)

// roomScreen is what is written over the pictures of a room.
type roomScreen struct {
	overlay
	room        string
	conf        *peer.Conference
	since       time.Time
	people      []participant // in the room
	locked      bool
	hand        bool
	speakerView bool
	pinned      *peer.Link
	loudness    map[*peer.Link]loudness // of those whom the person has changed
}

// loudness is how loud the person wants somebody to be.
type loudness struct {
	percent int
	silent  bool
}

func newRoomScreen(room string, hasCamera bool) *roomScreen {
	return &roomScreen{overlay: overlay{hasCamera: hasCamera}, room: room, loudness: make(map[*peer.Link]loudness)}
}

func (s *roomScreen) begin(c *peer.Conference, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conf, s.since = c, now
}

// meet sets who is in the room, and forgets what was wished of others.
func (s *roomScreen) meet(people []participant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.people = append(s.people[:0], people...)
	here := make(map[*peer.Link]bool)
	for _, p := range people {
		here[p.link] = true
	}
	for l := range s.loudness {
		if !here[l] {
			delete(s.loudness, l)
		}
	}
	if !here[s.pinned] {
		s.pinned = nil
	}
}

func (s *roomScreen) setLocked(locked bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.locked = locked
}

func (s *roomScreen) toggleHand() bool        { return s.toggle(&s.hand) }
func (s *roomScreen) toggleSpeakerView() bool { return s.toggle(&s.speakerView) }

// setPinned notes who is to be shown large; false if they were already, and are not
// any more.
func (s *roomScreen) setPinned(l *peer.Link) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pinned == l {
		l = nil
	}
	s.pinned = l
	return l != nil
}

// volume is how loud somebody is to be, in per cent.
func (s *roomScreen) volume(l *peer.Link) int {
	v := s.loudnessOf(l)
	if v.silent {
		return 0
	}
	return v.percent
}

func (s *roomScreen) setVolume(l *peer.Link, percent int) {
	s.setLoudness(l, loudness{percent: percent})
}

// toggleSilent turns somebody's sound off, or on again as loud as before.
func (s *roomScreen) toggleSilent(l *peer.Link) bool {
	v := s.loudnessOf(l)
	v.silent = !v.silent
	s.setLoudness(l, v)
	return v.silent
}

func (s *roomScreen) loudnessOf(l *peer.Link) loudness {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok := s.loudness[l]; ok {
		return v
	}
	return loudness{percent: 100}
}

func (s *roomScreen) setLoudness(l *peer.Link, v loudness) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loudness[l] = v
}

// decorate adds the texts to a scene.
func (s *roomScreen) decorate(scene *media.Scene) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conf == nil {
		return
	}
	now := time.Now()
	scene.Status, scene.Keys, scene.SelfHand = s.status(now), media.KeysRoom, s.hand
	names := make(map[string]string)
	for _, p := range s.people {
		names[p.who.peer.ID.String()] = p.shown + p.mark()
	}
	for i := range scene.Tiles {
		if name := names[scene.Tiles[i].ID]; name != "" {
			scene.Tiles[i].Name = name
		}
	}
	s.overlay.decorate(scene, now)
	if s.stats {
		scene.Stats = s.statLines()
	}
}

// status is the line that says where one is: what matters most first, for it may be
// cut off.
func (s *roomScreen) status(now time.Time) string {
	parts := []string{s.sending(), s.room + choose(s.locked, " (locked)", ""), peopleIn(len(s.people) + 1), clock(now.Sub(s.since))}
	if speaking := s.speaking(); speaking != "" {
		parts = append(parts, speaking)
	}
	return strings.Join(parts, "   ")
}

func peopleIn(n int) string {
	if n == 1 {
		return "you alone"
	}
	return fmt.Sprintf("%d people", n)
}

// speaking says who speaks.
func (s *roomScreen) speaking() string {
	var names []string
	for _, p := range s.people {
		if p.link.Speaking() {
			names = append(names, p.shown)
		}
	}
	switch len(names) {
	case 0:
		return ""
	case 1:
		return names[0] + " speaks"
	case 2:
		return names[0] + " and " + names[1] + " speak"
	}
	return fmt.Sprintf("%s and %d others speak", names[0], len(names)-1)
}

// statLines are the statistics overlay: a line for each member, its columns parted
// by two spaces or more.
func (s *roomScreen) statLines() []string {
	var lines []string
	for _, p := range s.people {
		st := p.link.Stats()
		lines = append(lines, fmt.Sprintf("%s  %d×%d  %.0f/s  ↓ %s  ↑ %s  %.0f ms  %.1f %% lost",
			strings.ReplaceAll(p.shown, "  ", " "), st.Width, st.Height, st.FPS, rate(st.RecvKbps), rate(st.SendKbps), st.RTT, st.Loss*100))
	}
	return lines
}
