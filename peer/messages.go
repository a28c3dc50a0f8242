package peer

import (
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/quicproto"
)

// Lengths, in characters, to which texts from the other side are cut.
const (
	maxName   = 40
	maxChat   = 2000
	maxReason = 60
)

// handleMessage takes a control message from the other side.
func (l *Link) handleMessage(now time.Time, m quicproto.Message) {
	l.call.handleHeard(now)
	switch m := m.(type) {
	case *quicproto.Hello:
		l.handleHello(m)
		l.call.handleMessage(now, m)
	case *quicproto.Streams:
		l.handleStreams(m)
	case *quicproto.Chat:
		l.handleChat(m)
	case *quicproto.ChatAck:
		l.handleChatAck(m)
	case *quicproto.Proof:
		l.handleProof(now, m)
	case *quicproto.SASCommit, *quicproto.SASReveal:
		l.handleSAS(m)
	case *quicproto.WantLane:
		l.handleWantLane(now)
	case *quicproto.Candidates:
		l.handleCandidates(m)
	case *quicproto.Challenge:
		if !l.suspects(now) {
			l.call.handleMessage(now, m)
		}
	case *quicproto.Wish:
		l.handleWish(m)
	case *quicproto.Members:
		l.handleMembers(now, m)
	default:
		l.call.handleMessage(now, m)
		l.handlePuzzle()
	}
}

func (l *Link) handleHello(m *quicproto.Hello) {
	l.setName(m.Name)
	l.remote.mu.Lock()
	defer l.remote.mu.Unlock()
	l.remote.video, l.remote.audio = m.Video, m.Audio
	l.remote.pixels = pixels(m)
	l.session.SetStart(media.Bitrate(min(m.Path, math.MaxInt32)))
}

// setName takes what the other side calls itself.
func (l *Link) setName(name string) {
	l.remote.mu.Lock()
	defer l.remote.mu.Unlock()
	l.remote.name = media.CleanText(name, maxName)
}

func (l *Link) handleStreams(m *quicproto.Streams) {
	if !l.call.media() {
		return
	}
	l.remote.mu.Lock()
	l.remote.muted, l.remote.cameraOff = !m.Audio, !m.Video
	raised := l.remote.hand != m.Hand
	l.remote.hand = m.Hand
	l.remote.mu.Unlock()
	l.room.offer(Event{Kind: EventState, Link: l})
	if raised {
		l.room.offer(Event{Kind: EventHand, Link: l})
	}
	l.handleHold(m.Held)
}

// Streams says what the other side does not send.
func (l *Link) Streams() (muted, cameraOff bool) {
	l.remote.mu.Lock()
	defer l.remote.mu.Unlock()
	return l.remote.muted, l.remote.cameraOff
}

// Hand says whether the other side has raised a hand.
func (l *Link) Hand() bool {
	l.remote.mu.Lock()
	defer l.remote.mu.Unlock()
	return l.remote.hand
}

// codec chooses the first of ours that the other side can decode.
func codec(ours, theirs []string) (string, bool) {
	for _, c := range ours {
		if slices.Contains(theirs, c) {
			return c, true
		}
	}
	return "", false
}

func (l *Link) videoCodec() (string, bool) {
	l.remote.mu.Lock()
	defer l.remote.mu.Unlock()
	return codec(l.room.cfg.VideoCodecs, l.remote.video)
}

func (l *Link) audioCodec() (string, bool) {
	l.remote.mu.Lock()
	defer l.remote.mu.Unlock()
	return codec(l.room.cfg.AudioCodecs, l.remote.audio)
}

// chatLog numbers our lines and remembers which have not been acknowledged.
type chatLog struct {
	next    atomic.Uint64
	waiting map[uint64]bool // owned by routineLink
}

// SendChat sends a line of text; an EventDelivered with the returned number
// tells that it has arrived.
func (l *Link) SendChat(text string) uint64 { return l.sendChat(text, false) }

// SendPrivate is SendChat with word to the other side that nobody else in the room
// gets the line.
func (l *Link) SendPrivate(text string) uint64 { return l.sendChat(text, true) }

func (l *Link) sendChat(text string, private bool) uint64 {
	id := l.chat.next.Add(1)
	text = cutBytes(media.CleanText(text, maxChat), quicproto.MaxChat)
	l.do(func(time.Time) {
		if !l.call.media() {
			return
		}
		if l.chat.waiting == nil {
			l.chat.waiting = make(map[uint64]bool)
		}
		l.chat.waiting[id] = true
		l.call.send(&quicproto.Chat{ID: id, Text: text, Private: private})
	})
	return id
}

// cutBytes shortens text to most bytes, between two characters.
func cutBytes(text string, most int) string {
	return strings.ToValidUTF8(text[:min(len(text), most)], "")
}

func (l *Link) handleChat(m *quicproto.Chat) {
	if !l.call.media() {
		return
	}
	if l.room.offer(Event{Kind: EventChat, Link: l, Text: media.CleanText(m.Text, maxChat), Private: m.Private}) {
		l.call.send(&quicproto.ChatAck{ID: m.ID})
	}
}

func (l *Link) handleChatAck(m *quicproto.ChatAck) {
	if !l.chat.waiting[m.ID] {
		return
	}
	delete(l.chat.waiting, m.ID)
	l.room.offer(Event{Kind: EventDelivered, Link: l, ID: m.ID})
}
