package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/peer"
)

// seat is what a call and a room have in common for the person who takes part.
type seat struct {
	*session
	notes *overlay // what is written over the pictures
	fault error    // a device that it cannot do without
}

// doer does what the person wants, by keys and typed lines.
type doer interface {
	key(rune)
	line(string)
	leave()
}

// viewed takes what the person has done to the view.
func (s *seat) viewed(e media.ViewEvent, d doer) {
	switch {
	case e.Closed:
		d.leave()
	case e.Line != "":
		d.line(e.Line)
	case e.Key != 0:
		d.key(e.Key)
	}
}

// deviceFailed ends it all if the device never worked; one that breaks later is
// tried again by the room.
func (s *seat) deviceFailed(err error, leave func()) {
	if errors.Is(err, peer.ErrDeviceLost) {
		s.console.printf("prattle: warning: %v", err)
		return
	}
	if s.fault == nil {
		s.fault = err
	}
	leave()
}

// tell says something to the person, over the picture if that has the terminal.
func (s *seat) tell(format string, args ...any) {
	s.console.printf(format, args...)
	if s.settings.view == "terminal" {
		s.notes.note(fmt.Sprintf(format, args...))
	}
}

// chatOutput is stdout, but where that is for the summary alone or belongs to the
// picture.
func (s *seat) chatOutput() io.Writer {
	switch {
	case s.settings.view == "terminal":
		return io.Discard
	case s.settings.json:
		return s.console.err
	}
	return s.console.out
}

// mute stops or resumes sending sound.
func (s *seat) mute() {
	muted := s.notes.toggleMuted()
	s.room.SetMuted(muted)
	s.console.printf("%s", choose(muted, "you are muted", "you are heard again"))
}

// darken stops or resumes sending pictures.
func (s *seat) darken() {
	off := s.notes.toggleCamera()
	s.room.SetCameraOff(off)
	s.console.printf("%s", choose(off, "your camera is off", "you are seen again"))
}
