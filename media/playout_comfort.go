package media

import "math"

// This file fills the pauses of a sender that says so, with a noise like the one
// that was heard before: silence would sound as if the line were dead.

const (
	// pauseRefresh is how often at least a sender says that it still pauses (400 ms,
	// as Opus does), and pausePatience for how long that may be lost before the line
	// is taken to be dead.
	pauseRefresh  = SampleRate * 400 / 1000
	pausePatience = 3*pauseRefresh + SampleRate/5
	// pauseLearning is how many times slower the estimate of the lag ages in a pause, when
	// it is told less. More would keep a spike for too long.
	pauseLearning = 2
	// pauseFade is the cross-fade from noise to the packet that ends a pause (1 ms): of
	// a consonant nothing is missed.
	pauseFade = SampleRate / 1000
)

// pauseTeller is what an AudioDecoder may have besides (see NewPlayout).
type pauseTeller interface {
	IsPause(packet []byte) bool
}

// pause notes that the sender does not send until it has something to say, as
// packet f tells, which is due.
func (p *Playout) pause(f *queuedPacket) {
	p.settle(max(f.seq-p.lastSeq-1, 0)*int64(p.packetLen), f.ts-p.expected)
	p.follow(f)
	if !p.paused {
		p.comfort.begin(&p.line)
	}
	p.paused, p.quiet = true, 0
	p.expected = max(p.expected, f.ts)
}

// linger passes n samples of a pause, in which the lag becomes what it should be.
func (p *Playout) linger(n int) {
	if p.quiet += n; p.quiet > pausePatience {
		p.paused = false // and nothing but silence comes of it
	}
	p.rested = true
	p.setLag(p.target())
	p.noteEmpty(n, p.comfort.fill(p.line.room(n)))
	p.line.grow(n)
	p.end += int64(n)
	p.run += n
	p.slept += int64(n)
	p.stats.Silent += uint64(n)
}

// wakeUp ends a pause with a packet before which so many are missing. What is not
// due to tell of the pause was sound.
func (p *Playout) wakeUp(missing int64) {
	told := (int64(p.quiet) + pauseRefresh - 1) / pauseRefresh
	lost := min(uint64(max(missing-told, 0))*uint64(p.packetLen), uint64(p.run), p.stats.Silent)
	if lost > 0 {
		p.stats.Silent -= lost
		p.stats.Concealed += lost
		p.stats.Concealments++
	}
	p.paused = false
	p.comfort.end()
}

// noteEmpty notes whether the next n samples of the line are silence.
func (p *Playout) noteEmpty(n int, silent bool) {
	if p.empty += n; !silent {
		p.empty = 0
	}
}

// Silent says whether the block that was pulled last is silence, because there is
// nothing to be heard: the voice has not begun, has ended, or pauses and is hushed.
func (p *Playout) Silent() bool { return p.silent }

// Hush takes the noise out of the pauses of a voice, or lets it in again, softly:
// where several people are silent the noises of their rooms would add up (see
// RoomNoise).
func (p *Playout) Hush(on bool) { p.comfort.hushed = on }

// Noise is the energy of the noise in the room of the voice, the mean square of its
// samples; 0 until enough of it was heard to fill pauses with.
func (p *Playout) Noise() float64 {
	if p.comfort.n < comfortLeast {
		return 0
	}
	return float64(p.comfort.energy) / float64(p.comfort.n)
}

// comfort makes the noise of pauses out of what is heard while nobody speaks: short
// pieces of it from anywhere, cross-faded. So level and colour are those of the room.
type comfort struct {
	pauses PauseDetector
	heard  [comfortMemory]int16 // a ring of calm sound
	next   int                  // where it is overwritten next
	n      int                  // valid samples in it
	energy int64                // the sum of their squares

	seed  uint32
	at    int    // samples since the older of two pieces began
	pick  [2]int // where in heard the pieces begin, older first
	tail  [joinFade]int16
	faded int // samples of tail that have passed

	hushed bool
	share  float64 // of the noise that is heard: less than 1 while it fades in or out
}

const (
	// comfortMemory is how much calm sound is kept (300 ms), comfortLeast how much
	// there must be (100 ms).
	comfortMemory = SampleRate * 300 / 1000
	comfortLeast  = SampleRate / 10
	// comfortPiece is the length of a piece (40 ms): longer than a period of mains hum.
	comfortPiece = SampleRate / 25
	// comfortCalm is how long it must have been calm (50 ms): the room echoes.
	comfortCalm = SampleRate / 20
	// comfortEnd is the time constant of the noise when it is hushed, or the line is taken
	// to be dead (50 ms); at comfortNone it is silence.
	comfortEnd  = SampleRate / 20
	comfortNone = 1e-3
)

// comfortWindow keeps the loudness of two overlapping pieces that do not resemble
// each other.
var comfortWindow = func() (w [comfortPiece]float64) {
	for i := range w {
		w[i] = math.Sin(math.Pi * (float64(i) + 0.5) / comfortPiece)
	}
	return w
}()

// hear takes what was decoded.
func (c *comfort) hear(x []int16) {
	for ; len(x) >= pauseBlock; x = x[pauseBlock:] {
		c.pauses.Hear(x[:pauseBlock])
		if c.pauses.calm < comfortCalm {
			continue
		}
		for _, v := range x[:pauseBlock] {
			old := c.heard[c.next]
			c.energy += int64(v)*int64(v) - int64(old)*int64(old)
			c.heard[c.next] = v
			c.next = (c.next + 1) % comfortMemory
		}
		c.n = min(c.n+pauseBlock, comfortMemory)
	}
}

// begin makes ready for a pause after line.
func (c *comfort) begin(line *pcmLine) {
	line.extrapolate(c.tail[:])
	c.at, c.faded, c.share = 0, 0, 1
	c.pick = [2]int{c.place(), c.place()}
}

// end ends a pause: what is silence later is not filled with its noise.
func (c *comfort) end() { c.faded, c.share = joinFade, 0 }

// place is where a piece begins, anywhere.
func (c *comfort) place() int {
	c.seed = c.seed*1664525 + 1013904223 // Numerical Recipes, section 7.1
	room := max(c.n-comfortPiece, 1)
	oldest := c.next - c.n + comfortMemory
	return (oldest + int(c.seed>>8)%room) % comfortMemory
}

// fill makes the next noise, and says whether that is silence.
func (c *comfort) fill(dst []int16) (silent bool) {
	wanted := 1.0
	if c.hushed {
		wanted = 0
	}
	return c.make(dst, wanted)
}

// fade makes noise that becomes silence, and says whether it has.
func (c *comfort) fade(dst []int16) (silent bool) { return c.make(dst, 0) }

// make makes noise, of which the share wanted is heard in the end.
func (c *comfort) make(dst []int16, wanted float64) (silent bool) {
	if wanted == 0 && c.share < comfortNone && c.faded >= joinFade {
		clear(dst)
		return true
	}
	for i := range dst {
		c.share += (wanted - c.share) / comfortEnd
		v := c.sample() * c.share
		if c.faded < joinFade {
			w := float64(c.faded+1) / (joinFade + 1)
			v = v*math.Sqrt(w) + float64(c.tail[c.faded])*math.Sqrt(1-w)
			c.faded++
		}
		dst[i] = saturate(v)
	}
	return false
}

func (c *comfort) sample() float64 {
	if c.n < comfortLeast {
		return 0
	}
	const half = comfortPiece / 2
	if c.at == half {
		c.at, c.pick[0], c.pick[1] = 0, c.pick[1], c.place()
	}
	old := comfortWindow[half+c.at] * float64(c.heard[(c.pick[0]+half+c.at)%comfortMemory])
	young := comfortWindow[c.at] * float64(c.heard[(c.pick[1]+c.at)%comfortMemory])
	c.at++
	return old + young
}
