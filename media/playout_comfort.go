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
	p.comfort.fill(p.line.room(n))
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
	p.paused, p.comfort.gain = false, 0
}

// comfort makes the noise of pauses out of what is heard while nobody speaks: short
// pieces of it from anywhere, cross-faded. So level and colour are those of the room.
type comfort struct {
	pauses PauseDetector
	heard  [comfortMemory]int16 // a ring of calm sound
	next   int                  // where it is overwritten next
	n      int                  // valid samples in it

	seed  uint32
	at    int    // samples since the older of two pieces began
	pick  [2]int // where in heard the pieces begin, older first
	tail  [joinFade]int16
	faded int     // samples of tail that have passed
	gain  float64 // less than 1 while it fades out
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
	// comfortEnd is the time constant of the noise after the line is taken to be dead (50 ms).
	comfortEnd = SampleRate / 20
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
			c.heard[c.next] = v
			c.next = (c.next + 1) % comfortMemory
		}
		c.n = min(c.n+pauseBlock, comfortMemory)
	}
}

// begin makes ready for a pause after line.
func (c *comfort) begin(line *pcmLine) {
	line.extrapolate(c.tail[:])
	c.at, c.faded, c.gain = 0, 0, 1
	c.pick = [2]int{c.place(), c.place()}
}

// place is where a piece begins, anywhere.
func (c *comfort) place() int {
	c.seed = c.seed*1664525 + 1013904223 // Numerical Recipes, section 7.1
	room := max(c.n-comfortPiece, 1)
	oldest := c.next - c.n + comfortMemory
	return (oldest + int(c.seed>>8)%room) % comfortMemory
}

// fill makes the next noise.
func (c *comfort) fill(dst []int16) {
	for i := range dst {
		v := c.sample()
		if c.faded < joinFade {
			w := float64(c.faded+1) / (joinFade + 1)
			v = v*math.Sqrt(w) + float64(c.tail[c.faded])*math.Sqrt(1-w)
			c.faded++
		}
		dst[i] = saturate(v)
	}
}

// fade makes noise that becomes silence.
func (c *comfort) fade(dst []int16) {
	if c.gain < 1e-3 {
		clear(dst)
		return
	}
	for i := range dst {
		c.gain -= c.gain / comfortEnd
		dst[i] = saturate(c.sample() * c.gain)
	}
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
