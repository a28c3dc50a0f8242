package main

import (
	"fmt"
	"sync"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/peer"
	"github.com/skulltech/prattle/quicproto"
)

// screen is what is written over the pictures: status, chat, statistics, keys.
// The conversation changes it, the room's view goroutine reads it.
type screen struct {
	hasCamera bool // set before the room reads

	mu        sync.Mutex
	link      *peer.Link
	who       string // how the person knows the other side
	verified  bool
	digits    string // to be compared, while not verified
	since     time.Time
	muted     bool
	cameraOff bool
	held      bool // the call is on hold, on either side
	stats     bool
	help      bool
	chat      []chatLine
}

type chatLine struct {
	text string
	at   time.Time
	id   uint64 // of a line of our own that is under way
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

const (
	// chatShown is how long a line of chat stays over the picture.
	chatShown = 20 * time.Second
	// maxChatLines is how many are shown at most.
	maxChatLines = 6
)

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

func (s *screen) toggle(b *bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	*b = !*b
	return *b
}

func (s *screen) toggleMuted() bool  { return s.toggle(&s.muted) }
func (s *screen) toggleCamera() bool { return s.toggle(&s.cameraOff) }
func (s *screen) toggleStats()       { s.toggle(&s.stats) }
func (s *screen) toggleHelp()        { s.toggle(&s.help) }

// say adds a line that the other side has written.
func (s *screen) say(text string) { s.add(chatLine{text: s.name() + ": " + text}) }

// note adds a line of the program itself. No writer's name begins with a dash.
func (s *screen) note(text string) { s.add(chatLine{text: "– " + text}) }

func (s *screen) saySelf(id uint64, text string) { s.add(chatLine{text: "you: " + text, id: id}) }

func (s *screen) add(l chatLine) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.at = time.Now()
	s.chat = append(s.chat, l)
	if len(s.chat) > maxChatLines {
		s.chat = s.chat[1:]
	}
}

func (s *screen) delivered(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.chat {
		if s.chat[i].id == id {
			s.chat[i].text += " ✓"
			s.chat[i].id = 0
		}
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
	scene.Help = s.help
	if s.stats {
		scene.Stats = statLines(st)
	}
	for _, c := range s.chat {
		if now.Sub(c.at) < chatShown {
			scene.Chat = append(scene.Chat, c.text)
		}
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
	switch {
	case s.held:
		return "on hold"
	case !s.hasCamera:
		return "no camera"
	}
	return choose(s.cameraOff, "camera off", "● camera on")
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
