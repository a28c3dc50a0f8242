package quality

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/peer"
	"github.com/skulltech/prattle/peer/traced"
	"github.com/skulltech/prattle/quicproto/quictest"
)

// viewWidth and viewHeight are the size at which the callee keeps what it shows:
// large enough for stamps to be read, small enough for a disk.
const viewWidth, viewHeight = 320, 180

// leftovers are the files of a call in a directory of its own.
type leftovers struct{ dir string }

func (l leftovers) identity(who string) string { return filepath.Join(l.dir, who+".pem") }
func (l leftovers) trace(who string) string    { return filepath.Join(l.dir, who+".jsonl") }
func (l leftovers) view() string               { return filepath.Join(l.dir, "view.y4m") }
func (l leftovers) sound() string              { return filepath.Join(l.dir, "sound.wav") }

// Who is who in a call.
const caller, callee = "caller", "callee"

// connected is when the trace says that the call was.
func connected(events traced.Trace) (time.Time, error) {
	e, ok := events.First(traced.Reached(peer.StateConnected))
	if !ok {
		return time.Time{}, errors.New("the call was never connected")
	}
	return e.At(), nil
}

// passed is the passage of a packet, before it is known when the call began.
type passed struct {
	quictest.Passage
	rival bool
}

// recording reads what the call left.
func (l leftovers) recording(row *Row, length time.Duration, changed []time.Time, packets []passed) (*Recording, error) {
	near, err := traced.Read(l.trace(caller))
	if err != nil {
		return nil, err
	}
	began, err := connected(near)
	if err != nil {
		return nil, err
	}
	far, err := traced.Read(l.trace(callee))
	if err != nil {
		return nil, err
	}
	r := &Recording{Row: row, Length: length, Crowded: -1}
	for _, at := range changed {
		r.Changed = append(r.Changed, at.Sub(began))
	}
	for _, p := range packets {
		r.Packets = append(r.Packets, Packet{p.Sent.Sub(began), p.Left.Sub(began), p.Size, p.Fate, p.rival})
	}
	for _, e := range far {
		if at := e.At().Sub(began); e.Ev == "stats" && at < length {
			r.Receiver = append(r.Receiver, Report{at, e.LinkStats})
		}
	}
	if r.Shown, err = l.shown(far, began, length); err != nil {
		return nil, err
	}
	r.Clicks, err = l.clicks(far, began, length)
	return r, err
}

// shown reads when pictures were shown from the trace, and how old they were from
// the stamps in the pictures themselves.
func (l leftovers) shown(events traced.Trace, began time.Time, length time.Duration) ([]Shown, error) {
	f, err := os.Open(l.view())
	if err != nil {
		return nil, err
	}
	defer f.Close()
	view, err := newPictures(f)
	if err != nil {
		return nil, err
	}
	var shown []Shown
	for _, e := range events {
		if e.Ev != "show" {
			continue
		}
		picture, err := view.next()
		if err == io.EOF {
			break // what was shown while the call ended
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", l.view(), err)
		}
		at := e.At()
		s := Shown{At: at.Sub(began), Age: -1, Width: e.W, Height: e.H}
		if _, stamped, ok := media.ReadStamp(picture); ok {
			s.Age = at.Sub(stamped)
		}
		if s.At < length {
			shown = append(shown, s)
		}
	}
	return shown, nil
}

// clicks finds the ticks of the tone in the sound that was played. When a sample
// was played is in the trace, once a second.
func (l leftovers) clicks(events traced.Trace, began time.Time, length time.Duration) ([]Sample, error) {
	sound, err := readSound(l.sound())
	if err != nil {
		return nil, err
	}
	var clicks []Sample
	var detector media.ClickDetector
	var at time.Time // when sample from was played
	var from uint64
	play := func(until uint64) {
		until = min(until, uint64(len(sound)))
		if at.IsZero() || from >= until {
			return
		}
		for _, onset := range detector.Push(at, sound[from:until]) {
			if t := onset.Sub(began); t < length {
				clicks = append(clicks, Sample{t, ms(media.ClickLatency(onset))})
			}
		}
	}
	for _, e := range events {
		if e.Ev == "speaker" {
			play(e.Sample)
			at, from = e.At(), e.Sample
		}
	}
	play(uint64(len(sound)))
	return clicks, nil
}
