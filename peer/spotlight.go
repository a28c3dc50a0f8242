package peer

import (
	"slices"
	"sync/atomic"

	"github.com/skulltech/prattle/media"
)

// spotlight is who is shown large.
type spotlight struct {
	pinned      atomic.Pointer[Link] // nil: nobody
	speakerView atomic.Bool
	speaker     atomic.Pointer[Link] // who speaks, or spoke last; nil: nobody yet. By routinePlay
}

// Pin shows one of the others large, whoever speaks; nil: nobody.
func (r *Room) Pin(l *Link) { r.spotlight.pinned.Store(l) }

// SetSpeakerView shows large who speaks, unless somebody is pinned.
func (r *Room) SetSpeakerView(on bool) { r.spotlight.speakerView.Store(on) }

// large is which of links is shown large; nil: all alike. Until somebody has spoken
// the first is, so that there is one.
func (s *spotlight) large(links []*Link) *Link {
	if l := s.pinned.Load(); l != nil && slices.Contains(links, l) {
		return l
	}
	if !s.speakerView.Load() || len(links) == 0 {
		return nil
	}
	if l := s.speaker.Load(); l != nil && slices.Contains(links, l) {
		return l
	}
	return links[0]
}

// keys are those that the person here has.
func (r *Room) keys() media.KeySet {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conference != nil {
		return media.KeysRoom
	}
	return media.KeysCall
}
