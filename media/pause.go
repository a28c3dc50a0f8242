package media

// PauseDetector tells when a microphone hears nothing that is worth a packet: a
// soft noise that has not changed for a while. It listens twice, since what begins
// a word is either a hum or a hiss: to all but the rumble of the room, and to what
// is high. Its zero value is ready. It is sans-IO and has one owner.
type PauseDetector struct {
	rumble [2]highPass
	last   float64 // sample
	hum    noiseFloor
	hiss   noiseFloor
	calm   int // samples since anything was worth a packet
}

const (
	// pauseBlock is how much is judged at a time (10 ms).
	pauseBlock = SampleRate / 100
	// pauseAfter is how long it must have been calm (400 ms): words end softly, pauses
	// within a sentence are not worth the change, and of what is heard meanwhile the
	// noise of the pause is made.
	pauseAfter = SampleRate * 400 / 1000
	// pauseRMS is the loudest that can be a pause, root mean square (-45 dBFS). Louder,
	// somebody may want it to be heard.
	pauseRMS = 184
	// humSpread and hissSpread are by how much noise exceeds its floor now and then (9
	// and 6 dB): more is taken for somebody who speaks. Of what is low there are only a
	// few periods in a block, which differ more.
	humSpread  = 8
	hissSpread = 4
	// hissParts are judged in each block: a consonant that begins at its end counts.
	hissParts = 4
)

// Hear takes the next sound, a multiple of 10 ms, and says whether it may be left out.
func (d *PauseDetector) Hear(block []int16) (paused bool) {
	paused = true
	for ; len(block) >= pauseBlock; block = block[pauseBlock:] {
		paused = d.hear(block[:pauseBlock]) && paused
	}
	return paused
}

func (d *PauseDetector) hear(block []int16) bool {
	var hum, hiss float64
	for ; len(block) > 0; block = block[pauseBlock/hissParts:] {
		var high float64
		for _, v := range block[:pauseBlock/hissParts] {
			x := float64(v)
			low := d.rumble[1].pass(d.rumble[0].pass(x))
			hum += low * low
			high += (x - d.last) * (x - d.last)
			d.last = x
		}
		hiss = max(hiss, high)
	}
	hum, hiss = hum/pauseBlock, hiss*hissParts/pauseBlock
	// Both are told, whatever the other says.
	loud, sharp := d.hum.hear(hum, humSpread), d.hiss.hear(hiss, hissSpread)
	if loud || sharp || hum > pauseRMS*pauseRMS {
		d.calm = 0
		return false
	}
	d.calm += pauseBlock
	return d.calm > pauseAfter
}

// highPass takes out what is lower than a voice: 6 dB an octave below 80 Hz.
type highPass struct{ in, out float64 }

func (h *highPass) pass(x float64) float64 {
	const keep = 1 - 2*3.1416*80/SampleRate
	h.out = keep * (h.out + x - h.in)
	h.in = x
	return h.out
}

// noiseFloor is the energy of the noise that is always there: the least in any
// floorWindow of the last few seconds.
type noiseFloor struct {
	sum    float64 // of the blocks in this window
	blocks int
	least  [2]float64 // of the windows of this span and of the last
	heard  int        // windows in this span
	full   bool       // there was a last span
}

const (
	// floorWindow is over how many blocks energy is averaged (50 ms): within words
	// there are gaps as long.
	floorWindow = 5
	// floorSpan is how many windows make a span (1.5 s).
	floorSpan = 30
	// floorLeast is no speech, but the last bit of a converter.
	floorLeast = 4
)

// hear notes the energy of the next block, and says whether it exceeds the floor
// so many times. Before the first span is over there is no floor.
func (f *noiseFloor) hear(energy, spread float64) bool {
	f.note(energy)
	least := f.least[1]
	if f.heard > 0 {
		least = min(least, f.least[0])
	}
	return energy > spread*max(least, floorLeast)
}

// note takes the energy of the next block.
func (f *noiseFloor) note(energy float64) {
	f.sum += energy
	if f.blocks++; f.blocks == floorWindow {
		f.close(f.sum / floorWindow)
		f.sum, f.blocks = 0, 0
	}
}

// lowest is the floor as far as it is known, also before the first span is over.
func (f *noiseFloor) lowest() float64 {
	if f.heard > 0 && (!f.full || f.least[0] < f.least[1]) {
		return f.least[0]
	}
	return f.least[1]
}

// close notes the mean energy of a window.
func (f *noiseFloor) close(energy float64) {
	if f.heard == 0 || energy < f.least[0] {
		f.least[0] = energy
	}
	if f.heard++; f.heard == floorSpan {
		f.least[1], f.heard, f.full = f.least[0], 0, true
	}
}
