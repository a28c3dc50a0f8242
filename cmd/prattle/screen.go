package main

import (
	"fmt"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/peer"
	"github.com/skulltech/prattle/quicproto"
)

// screen is what is written over the picture of a call.
type screen struct {
	overlay
	link     *peer.Link
	who      string // how the person knows the other side
	verified bool
	digits   string // to be compared, while not verified
	since    time.Time
	held     bool // the call is on hold, on either side
}

// meet sets how the other side is called, and whether that is certain.
func (s *screen) meet(who string, verified bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.who, s.verified = who, verified
}

// name is how the other side is called.
func (s *screen) name() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.who
}

// number sets what the two people can compare.
func (s *screen) number(digits string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.digits = digits
}

func (s *screen) hold(here, there bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = here || there
}

func (s *screen) begin(l *peer.Link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.link, s.since = l, time.Now()
	s.chat, s.digits, s.held = nil, "", false
}

// goOn shows another link of the same call.
func (s *screen) goOn(l *peer.Link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.link != nil {
		s.link = l
	}
}

// decorate adds the texts to a scene.
func (s *screen) decorate(scene *media.Scene) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.link == nil {
		return
	}
	st := s.link.Stats()
	now := time.Now()
	scene.Status = fmt.Sprintf("%s   %s   %s   %s %.0f ms   ↓ %s  ↑ %s", s.sending(), s.title(), clock(now.Sub(s.since)),
		pathWord(st), st.RTT, rate(st.RecvKbps), rate(st.SendKbps))
	for i := range scene.Tiles { // there is one: a call is between two
		scene.Tiles[i].Name = s.who
	}
	s.overlay.decorate(scene, now)
	if s.stats {
		scene.Stats = statLines(st)
	}
}

// title is the other side's name and whether it is certain; while it is not, what
// to compare.
func (s *screen) title() string {
	switch {
	case s.verified:
		return s.who + " ✓"
	case s.digits != "":
		return s.who + "   compare: " + s.digits
	}
	return s.who
}

// sending says whether the other side can see us. It comes first in the status,
// which may be cut off, so that it is on screen at all times.
func (s *screen) sending() string {
	if s.held {
		return "on hold"
	}
	return s.overlay.sending()
}

func clock(d time.Duration) string {
	s := int(d.Seconds())
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

func rate(kbps float64) string { return media.Bitrate(kbps * 1000).String() }

// statLines are the statistics overlay; two spaces or more part its columns.
func statLines(s peer.LinkStats) []string {
	return []string{
		fmt.Sprintf("received   %d×%d, %.1f/s", s.Width, s.Height, s.FPS),
		fmt.Sprintf("sent       %d×%d", s.SendWidth, s.SendHeight),
		fmt.Sprintf("rate       ↓ %s, ↑ %s of %s", rate(s.RecvKbps), rate(s.SendKbps), rate(s.TargetKbps)),
		fmt.Sprintf("path       %s, %.0f ms round trip, %.1f %% lost, %.0f ms queue", pathWord(s), s.RTT, s.Loss*100, s.QueueMs),
		fmt.Sprintf("playout    sound %.0f ms, picture %.0f ms", s.Playout, s.JitterBuffer),
		fmt.Sprintf("trouble    %d freezes (%.1f s), %.1f s concealed", s.Freezes, s.FreezeMs/1000, s.ConcealedMs/1000),
		fmt.Sprintf("repair     %d asked, %d repaired, %d keyframes", s.Nacks, s.Repaired, s.Keyframes),
	}
}

// pathWord says which way packets go, in a word.
func pathWord(s peer.LinkStats) string {
	switch {
	case s.Path == "relay":
		return "relayed"
	case s.LAN:
		return "LAN"
	}
	return "direct"
}

// pathWords say it in a sentence.
func pathWords(p quicproto.Path) string {
	switch p.Kind {
	case quicproto.PathRelay:
		return "through a relay"
	case quicproto.PathLAN:
		return "over the local network"
	}
	return "directly to the other side"
}
