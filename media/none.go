package media

import (
	"image"
	"io"
	"sync"
	"time"
)

func init() {
	RegisterCamera("none", "none", func(string, PictureConfig) (Camera, error) { return newNothing(), nil }, nil)
	RegisterMicrophone("none", "none", func(string) (Microphone, error) { return newNothing(), nil }, nil)
	RegisterView("none", "none", func(string, PictureConfig) (View, error) { return newNoView(), nil }, nil)
	RegisterSpeaker("none", "none", func(string) (Speaker, error) { return newNoSpeaker(), nil }, nil)
}

// nothing is a camera that sees nothing and a microphone that hears nothing:
// both wait for Close.
type nothing struct {
	quit chan struct{}
	once sync.Once
}

func newNothing() *nothing { return &nothing{quit: make(chan struct{})} }

func (n *nothing) Capture(*Frame) error {
	<-n.quit
	return io.EOF
}

func (n *nothing) Read([]int16) (time.Time, error) {
	<-n.quit
	return time.Time{}, io.EOF
}

func (n *nothing) Close() error {
	n.once.Do(func() { close(n.quit) })
	return nil
}

// noView shows nothing to nobody.
type noView struct {
	events chan ViewEvent
	once   sync.Once
}

func newNoView() *noView { return &noView{events: make(chan ViewEvent)} }

func (v *noView) Show(*Scene) error { return nil }

// Arrange implements Arranger: nothing has a place.
func (v *noView) Arrange(s *Scene) SceneLayout {
	return SceneLayout{Tiles: make([]image.Rectangle, len(s.Tiles))}
}

// PicturesOnly implements media.PicturesOnly.
func (v *noView) PicturesOnly() {}

func (v *noView) Events() <-chan ViewEvent { return v.events }

func (v *noView) Close() error {
	v.once.Do(func() { close(v.events) })
	return nil
}

// noSpeaker takes sound at the pace of a sound card, so that playout runs as it
// would with one, and drops it.
type noSpeaker struct{ blocks *metronome }

// noSpeakerBlock is its length in samples: 10 ms, as a sound card's.
const noSpeakerBlock = SampleRate / 100

func newNoSpeaker() *noSpeaker {
	return &noSpeaker{newMetronome(tempo{SampleRate, noSpeakerBlock})}
}

func (s *noSpeaker) Play(fill func(block []int16, at time.Time)) error {
	var block [noSpeakerBlock]int16
	for n := uint64(0); s.blocks.wait(n); n++ {
		fill(block[:], s.blocks.at(n))
	}
	return nil
}

func (s *noSpeaker) Close() error {
	s.blocks.stop()
	return nil
}
