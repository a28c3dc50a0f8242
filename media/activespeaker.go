package media

import "math/bits"

// ActiveSpeaker tells who of a room speaks, and who is *the* speaker, to be shown
// large. It is a simple form of what Volfin and Cohen describe ("Dominant speaker
// identification for multipoint videoconferencing", Computer Speech and Language 27,
// 2013): a voice is judged by how much of a moment, of a word and of a sentence it
// fills, and who has the stage keeps it until somebody else has clearly said more. So
// a cough does not take it, nor does silence.
//
// It is sans-IO and has one owner: after each block, Hear is told of all voices that
// a Mixer was given. The zero value is ready.
type ActiveSpeaker struct {
	heard   int     // samples of this moment
	loudest float64 // energy of the loudest voice lately
	speaker *Voice
}

const (
	// speechMoment is how much is judged at a time.
	speechMoment = SampleRate / 50 // 20 ms
	// speechSpread is by how much speech exceeds the noise of its own room (12 dB), and
	// speechLeast the least energy that can be speech (-50 dBFS).
	speechSpread = 16
	speechLeast  = 104 * 104
	// speechEcho is how much softer than the loudest a voice may be (18 dB, in energy):
	// below it is mostly that voice, out of a loudspeaker and back through a microphone.
	// An echo comes late: of the loudest, loudestMemory is left after each moment (1 dB less).
	speechEcho    = 1.0 / 64
	loudestMemory = 0.8
)

// In moments:
const (
	// wordMade of wordLong (300 ms) must be filled by somebody who begins to speak; who
	// fills none for breathLong (500 ms) has stopped.
	wordMade, wordLong = 8, 15
	breathLong         = 25
	// turnMade (0.9 s) of the moments remembered, which are the last 2.6 s, must be filled
	// to take the stage from somebody: more than a fit of coughing does. Of the latest half
	// it must be turnShare times as many as they have filled themselves.
	turnMade  = 45
	turnShare = 1.5
)

// Hear takes notice of the next n samples of all voices.
func (a *ActiveSpeaker) Hear(voices []*Voice, n int) {
	if a.heard += n; a.heard < speechMoment {
		return
	}
	a.heard = 0
	a.loudest *= loudestMemory
	for _, v := range voices {
		a.loudest = max(a.loudest, v.speech.energy)
	}
	present := false
	for _, v := range voices {
		v.speech.endMoment(a.loudest * speechEcho)
		present = present || v == a.speaker
	}
	if !present {
		a.speaker = nil
	}
	for _, v := range voices {
		if a.yields(v) {
			a.speaker = v
		}
	}
}

// yields says whether v takes the stage from who has it. Somebody whom this person
// has silenced does not.
func (a *ActiveSpeaker) yields(v *Voice) bool {
	if v == a.speaker || !v.Speaking() || v.wanted == silenced {
		return false
	}
	if a.speaker == nil {
		return true
	}
	made, late := v.speech.said()
	_, before := a.speaker.speech.said()
	return made >= turnMade && float64(late) >= turnShare*float64(before)
}

// Speaker is who has the stage: who speaks, or spoke last. It is nil before anybody
// has spoken, and when that voice is no longer among those heard.
func (a *ActiveSpeaker) Speaker() *Voice { return a.speaker }

// Speaking says whether v speaks, as far as an ActiveSpeaker has heard. Several may at
// once.
func (v *Voice) Speaking() bool { return v.speech.speaking }

// speech is what tells whether a voice speaks.
type speech struct {
	floor    noiseFloor
	sum      float64 // of the squares of the samples not judged yet,
	samples  int     // of which there are so many
	energy   float64 // the greatest of this moment
	exceeds  bool    // the noise of the room, in this moment
	filled   uint64  // a bit for each moment, the latest the lowest
	earlier  uint64  // the moments before
	speaking bool
}

// hear takes the sum of the squares of the next n samples.
func (s *speech) hear(sum float64, n int) {
	s.sum += sum
	if s.samples += n; s.samples < pauseBlock {
		return
	}
	energy := s.sum / float64(s.samples)
	s.sum, s.samples = 0, 0
	s.floor.note(energy)
	s.energy = max(s.energy, energy)
	s.exceeds = s.exceeds || energy > max(speechLeast, speechSpread*s.floor.lowest())
}

// endMoment judges a moment, in which only what had more than the least energy can be
// speech.
func (s *speech) endMoment(least float64) {
	s.earlier = s.earlier<<1 | s.filled>>63
	s.filled <<= 1
	if s.exceeds && s.energy > least {
		s.filled |= 1
	}
	s.exceeds, s.energy = false, 0
	switch {
	case bits.OnesCount64(s.filled<<(64-wordLong)) >= wordMade:
		s.speaking = true
	case s.filled<<(64-breathLong) == 0:
		s.speaking = false
	}
}

// said is how many of the moments remembered hold speech, and how many of the latest
// half of them.
func (s *speech) said() (all, late int) {
	late = bits.OnesCount64(s.filled)
	return late + bits.OnesCount64(s.earlier), late
}
