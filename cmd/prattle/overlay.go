package main

import (
	"sync"
	"time"

	"github.com/skulltech/prattle/media"
)

// overlay is what is written over any pictures: what this side sends, chat, the
// keys. The goroutine that follows the call or the room changes it, the view's
// goroutine reads it.
type overlay struct {
	hasCamera bool // set before anybody reads

	mu        sync.Mutex
	muted     bool
	cameraOff bool
	stats     bool
	help      bool
	chat      []chatLine
}

type chatLine struct {
	text string
	at   time.Time
	id   uint64 // of a line of our own that is under way
}

const (
	// chatShown is how long a line of chat stays over the picture.
	chatShown = 20 * time.Second
	// maxChatLines is how many are shown at most.
	maxChatLines = 6
)

func (o *overlay) toggle(b *bool) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	*b = !*b
	return *b
}

func (o *overlay) toggleMuted() bool  { return o.toggle(&o.muted) }
func (o *overlay) toggleCamera() bool { return o.toggle(&o.cameraOff) }
func (o *overlay) toggleStats()       { o.toggle(&o.stats) }
func (o *overlay) toggleHelp()        { o.toggle(&o.help) }

func (o *overlay) isMuted() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.muted
}

// say adds a line that somebody else has written, whose name it begins with.
func (o *overlay) say(line string) { o.add(chatLine{text: line}) }

// note adds a line of the program itself. No writer's name begins with a dash.
func (o *overlay) note(text string) { o.add(chatLine{text: "– " + text}) }

func (o *overlay) saySelf(id uint64, text string) { o.add(chatLine{text: "you: " + text, id: id}) }

func (o *overlay) add(l chatLine) {
	o.mu.Lock()
	defer o.mu.Unlock()
	l.at = time.Now()
	o.chat = append(o.chat, l)
	if len(o.chat) > maxChatLines {
		o.chat = o.chat[1:]
	}
}

func (o *overlay) delivered(id uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range o.chat {
		if o.chat[i].id == id {
			o.chat[i].text += " ✓"
			o.chat[i].id = 0
		}
	}
}

// decorate adds the keys and the latest of the chat to a scene. The caller holds
// the lock.
func (o *overlay) decorate(scene *media.Scene, now time.Time) {
	scene.Help = o.help
	for _, c := range o.chat {
		if now.Sub(c.at) < chatShown {
			scene.Chat = append(scene.Chat, c.text)
		}
	}
}

// sending says whether others can see us. It comes first in the status, which may
// be cut off, so that it is on screen at all times.
func (o *overlay) sending() string {
	if !o.hasCamera {
		return "no camera"
	}
	return choose(o.cameraOff, "camera off", "● camera on")
}
