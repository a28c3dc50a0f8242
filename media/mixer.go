package media

import "math"

// Mixer adds the voices of a room to what one loudspeaker plays. It is sans-IO
// and has one owner: for each block, Add every voice, then Mix. The zero value is
// ready.
type Mixer struct {
	sum     []int32
	limiter limiter
}

// Add adds the next block of v. Blocks that are added between two calls of Mix
// sound together, from their first samples on.
func (m *Mixer) Add(v *Voice, block []int16) {
	v.measure(block)
	for len(m.sum) < len(block) {
		m.sum = append(m.sum, 0)
	}
	from, to := 1+v.gain, 1+v.wanted
	v.gain = v.wanted
	if from == 1 && to == 1 {
		for i, x := range block {
			m.sum[i] += int32(x)
		}
		return
	}
	step := (to - from) / float64(len(block))
	for i, x := range block {
		from += step
		m.sum[i] += int32(float64(x) * from)
	}
}

// Mix fills dst with the sum of what was added, made soft enough where it is too
// loud, and begins anew. Where nothing was added dst is silent.
func (m *Mixer) Mix(dst []int16) {
	for len(m.sum) < len(dst) {
		m.sum = append(m.sum, 0)
	}
	m.limiter.limit(dst, m.sum[:len(dst)])
	clear(m.sum)
	m.sum = m.sum[:0]
}

// Voice is one input of a Mixer: its loudness as wanted and as measured. The zero
// value is neither amplified nor attenuated.
type Voice struct {
	wanted, gain float64 // beyond 1: what is wanted, and how the last block ended
	level        Level
	speech       speech
}

// silenced is what wanted is for a gain of 0.
const silenced = -1

// Level is how loud a voice is, where 1 is a full-scale square wave.
type Level struct {
	RMS  float64 // root mean square of the last tenth of a second or so
	Peak float64 // the greatest magnitude, decaying by half in a quarter of a second
}

const (
	// rmsMemory is the time constant of Level.RMS, in samples (50 ms).
	rmsMemory = SampleRate / 20
	// peakMemory is that of Level.Peak: half in 250 ms.
	peakMemory = SampleRate / 4 / math.Ln2
)

// SetGain makes v so many times as loud, within the next block and without a
// step: 1 leaves it, 0 mutes it. At most 8 (18 dB) is meaningful.
func (v *Voice) SetGain(gain float64) { v.wanted = min(max(gain, 0), 8) - 1 }

// Level is how loud the voice came lately, whatever its gain.
func (v *Voice) Level() Level { return v.level }

// Rest passes n samples in which there is nothing to hear of v, instead of adding
// them to a Mixer.
func (v *Voice) Rest(n int) {
	v.gain = v.wanted
	v.level.RMS *= math.Exp(-float64(n) / (2 * rmsMemory))
	v.level.Peak *= math.Exp(-float64(n) / peakMemory)
}

func (v *Voice) measure(block []int16) {
	if len(block) == 0 {
		return
	}
	var energy float64
	peak := 0
	for _, x := range block {
		energy += float64(x) * float64(x)
		peak = max(peak, int(x), -int(x))
	}
	v.speech.hear(energy, len(block))
	n := float64(len(block))
	mean := energy / n / (1 << 30)
	keep := math.Exp(-n / rmsMemory)
	v.level.RMS = math.Sqrt(keep*v.level.RMS*v.level.RMS + (1-keep)*mean)
	v.level.Peak = max(v.level.Peak*math.Exp(-n/peakMemory), float64(peak)/(1<<15))
}

// limiter turns down what is louder than the loudspeaker can play and up again
// afterwards. It adds no delay: it looks ahead within the block it has in hand,
// and bends over what begins too loud at once.
type limiter struct {
	cut float64 // the gain at the end of the last block is 1 - cut
}

const (
	// limitPart is the sound for which one gain is found: 1 ms, over which it
	// glides.
	limitPart = SampleRate / 1000
	// limitLevel is the loudest that passes untouched (-1 dB of full scale).
	limitLevel = 29204
	// limitAttack is how fast the gain falls where a block begins too loud: 0.25 ms.
	limitAttack = SampleRate / 4000
	// limitRelease is the time constant of the way back, in parts: 150 ms, longer
	// than a period of any voice and shorter than a word.
	limitRelease = 150
)

// limit fills dst from sum, which is as long.
//
// The gain changes linearly within each part. At either end of a part it is low
// enough for the whole of it, but for the first part of a block, whose beginning
// was settled by the block before: there it falls fast, and what is too loud until
// it has fallen is bent.
func (l *limiter) limit(dst []int16, sum []int32) {
	gain := 1 - l.cut
	need := partNeeds(sum)
	for len(sum) > 0 {
		n := min(limitPart, len(sum))
		next := partNeeds(sum[n:])
		end := min(need, next, gain+(1-gain)/limitRelease)
		if attack := min(limitAttack, n); gain > need {
			glide(dst[:attack], sum, gain, need)
			glide(dst[attack:n], sum[attack:], need, end)
		} else {
			glide(dst[:n], sum, gain, end)
		}
		gain, need = end, next
		dst, sum = dst[n:], sum[n:]
	}
	l.cut = 1 - gain
	if l.cut < 1e-4 { // inaudible, and the fast path again
		l.cut = 0
	}
}

// glide fills dst from sum with a gain that goes from one value to another.
func glide(dst []int16, sum []int32, from, to float64) {
	if from == 1 && to == 1 {
		for i := range dst {
			dst[i] = int16(sum[i])
		}
		return
	}
	step := (to - from) / float64(len(dst))
	for i := range dst {
		from += step
		dst[i] = bend(float64(sum[i]) * from)
	}
}

// partNeeds is the greatest gain that the first part of sum bears.
func partNeeds(sum []int32) float64 {
	var peak int32
	for _, x := range sum[:min(limitPart, len(sum))] {
		peak = max(peak, x, -x)
	}
	if peak <= limitLevel {
		return 1
	}
	return limitLevel / float64(peak)
}

// bend rounds v, softly where it exceeds limitLevel, so that it never reaches full
// scale.
func bend(v float64) int16 {
	const room = math.MaxInt16 - limitLevel
	switch {
	case v > limitLevel:
		v = limitLevel + room*math.Tanh((v-limitLevel)/room)
	case v < -limitLevel:
		v = -limitLevel - room*math.Tanh((-v-limitLevel)/room)
	}
	return int16(math.Round(v))
}
