package media

import "math"

// Time stretching by waveform similarity (WSOLA): sound is shortened or
// lengthened by a lag at which it resembles itself, a pitch period for a voice,
// and the two copies are cross-faded. Neither pitch nor timbre change.

const (
	// minLag and maxLag bound the pitch periods looked for: 400 Hz to 67 Hz. A
	// higher voice is found by a multiple of its period.
	minLag = SampleRate / 400
	maxLag = SampleRate * 15 / 1000
	// usualLag is the period of most low voices (100 Hz).
	usualLag = SampleRate / 100
	// minQuietLag is the shortest edit worth making in a pause (1 ms).
	minQuietLag = SampleRate / 1000
	// matchWindow is how much sound on each side of an edit is compared.
	matchWindow = SampleRate / 200
	// coarseStep is the step of the first search, in samples: 8 kHz suffices for
	// the fundamental.
	coarseStep = 6
)

// edit is a place where sound can be shortened or lengthened.
type edit struct {
	lag      int     // by so many samples
	fade     int     // length of the cross-fade
	likeness float64 // correlation of the two copies: 1 is the same
	quiet    bool    // within a pause, where it does not matter
}

// findSqueeze looks for at most most samples to take out of the head. In a pause
// any number will do, elsewhere it must be a period of the sound.
func (l *pcmLine) findSqueeze(most int, voice *loudness) (edit, bool) {
	head := l.unplayed()
	most = min(most, maxLag, head-matchWindow)
	if most < minQuietLag || l.read < matchWindow {
		return edit{}, false
	}
	if e, ok := l.quietEdit(most, l.read, l.read+most+matchWindow, voice); ok {
		return e, true
	}
	if most < minLag {
		return edit{}, false
	}
	x := l.buf[:l.size]
	lag := bestLag(x, l.read, matchWindow, matchWindow, minLag, most, most)
	e := edit{lag: lag, fade: min(lag, head-lag)}
	e.likeness = likeness(x[l.read-matchWindow:l.read+e.fade], x[l.read-matchWindow+lag:l.read+lag+e.fade], 1)
	return e, true
}

// quietEdit is an edit by lag samples if the sound between from and to, which it
// involves, is part of a pause.
func (l *pcmLine) quietEdit(lag, from, to int, voice *loudness) (edit, bool) {
	rms, steady := steadiness(l.buf[from:to])
	return edit{lag: lag, fade: min(lag, matchWindow), quiet: true}, steady && voice.quiet(rms)
}

// squeeze takes e.lag samples out of the head.
func (l *pcmLine) squeeze(e edit) {
	head := l.head()
	crossfade(head[e.lag:e.lag+e.fade], head[:e.fade], head[e.lag:e.lag+e.fade], e.likeness)
	l.dropHead(e.lag)
}

// findStretch looks for history to repeat before the head: lack samples in a
// pause, elsewhere a period of the sound, which may be longer.
func (l *pcmLine) findStretch(lack int, voice *loudness) (edit, bool) {
	head := l.unplayed()
	lack = min(max(lack, 2*minQuietLag), maxLag)
	if head < matchWindow || l.read < maxLag+matchWindow {
		return edit{}, false
	}
	if e, ok := l.quietEdit(lack, l.read-lack, l.read+matchWindow, voice); ok {
		return e, true
	}
	x := l.buf[:l.size]
	lag := -bestLag(x, l.read, matchWindow, matchWindow, -max(lack, usualLag), -minLag, -lack)
	e := edit{lag: lag, fade: min(lag, head)}
	e.likeness = likeness(x[l.read-matchWindow:l.read+e.fade], x[l.read-matchWindow-lag:l.read-lag+e.fade], 1)
	return e, true
}

// stretch repeats e.lag samples of history before the head.
func (l *pcmLine) stretch(e edit) {
	l.openHead(e.lag)
	repeated := l.buf[l.read-e.lag : l.read]
	added, head := l.buf[l.read:l.read+e.lag], l.buf[l.read+e.lag:l.size]
	crossfade(added[:e.fade], head[:e.fade], repeated[:e.fade], e.likeness)
	copy(added[e.fade:], repeated[e.fade:])
}

// steadiness returns the root mean square of x and whether no click or onset
// stands out of it.
func steadiness(x []int16) (rms float64, steady bool) {
	// crest is more than the peaks of steady noise reach within a few hundred
	// samples.
	const crest = 5
	var energy, peak float64
	for _, v := range x {
		f := float64(v)
		energy += f * f
		peak = max(peak, f, -f)
	}
	rms = math.Sqrt(energy / float64(len(x)))
	return rms, peak <= crest*rms
}

// bestLag returns the lag between lo and hi (both negative or both positive) at
// which the sound around at, from before samples ahead to after samples behind,
// resembles itself most. Among equals it is the one nearest to want.
func bestLag(x []int16, at, before, after, lo, hi, want int) int {
	a := x[at-before : at+after]
	best, bestScore := lo, math.Inf(-1)
	search := func(lo, hi, lagStep, step int) {
		bestScore = math.Inf(-1)
		for lag := lo; lag <= hi; lag += lagStep {
			score := likeness(a, x[at+lag-before:at+lag+after], step)
			score -= wantBias * math.Abs(float64(lag-want)) / maxLag
			if score > bestScore {
				best, bestScore = lag, score
			}
		}
	}
	search(lo, hi, coarseStep, coarseStep)
	search(max(lo, best-coarseStep+1), min(hi, best+coarseStep-1), 1, 2)
	return best
}

// wantBias is how much likeness a lag may lack for being as long as is wanted
// instead of off by maxLag.
const wantBias = 0.05

// likeness is the normalised cross-correlation of every step-th sample of two
// pieces of one length: 1 if they are the same but for loudness. Silence is like
// silence.
func likeness(a, b []int16, step int) float64 {
	var ab, aa, bb int64
	b = b[:len(a)]
	for i := 0; i < len(a); i += step {
		x, y := int64(a[i]), int64(b[i])
		ab += x * y
		aa += x * x
		bb += y * y
	}
	if aa == 0 && bb == 0 {
		return 1
	}
	return float64(ab) / (math.Sqrt(float64(aa)*float64(bb)) + 1)
}

// crossfade goes from a to b in dst, all of one length; dst may be one of them.
// The gains keep the loudness whatever the likeness of the two.
func crossfade(dst, from, to []int16, likeness float64) {
	spread := 2 * (1 - min(max(likeness, 0), 1))
	step := 1 / float64(len(dst)+1)
	w := step
	for i := range dst {
		v := float64(from[i])*(1-w) + float64(to[i])*w
		v /= math.Sqrt(1 - spread*w*(1-w))
		dst[i] = saturate(v)
		w += step
	}
}

func saturate(v float64) int16 {
	return int16(min(max(math.Round(v), math.MinInt16), math.MaxInt16))
}

// extrapolate fills dst with what would follow the line if it went on repeating
// its last period.
func (l *pcmLine) extrapolate(dst []int16) {
	x := l.buf[:l.size]
	if len(x) < lineHistory {
		clear(dst)
		return
	}
	lag := -bestLag(x, len(x), 2*matchWindow, 0, -maxLag, -minLag, -minLag)
	last, before := x[len(x)-lag:], x[len(x)-2*lag:len(x)-lag]
	// The period does not fit itself quite: its end is faded into the end of the
	// one before, which its beginning continues, and the first step is made up for.
	fade := lag / 4
	step := float64(last[lag-1]) - float64(before[lag-1])
	for i := range dst {
		k := i % lag
		w := max(0, float64(k-(lag-fade)+1)/float64(fade))
		v := float64(last[k])*(1-w) + float64(before[k])*w
		dst[i] = saturate(v + step*max(0, 1-float64(i)/mendStep))
	}
}

// mendStep is over how many samples a step is made up for (2 ms).
const mendStep = SampleRate / 500

// bestJoin returns at which of the first places of tail the sound next continues
// it best.
func bestJoin(tail, next []int16, places int) int {
	best, bestLikeness := 0, likeness(tail[:len(next)], next, coarseStep)+joinBias
	for at := coarseStep; at < places; at += coarseStep {
		if l := likeness(tail[at:at+len(next)], next, coarseStep); l > bestLikeness {
			best, bestLikeness = at, l
		}
	}
	return best
}

// joinBias is how much better a later place must fit than the first: it costs
// delay.
const joinBias = 0.1

// loudness follows how loud a voice is, so that its pauses can be told.
type loudness struct {
	loud float64 // root mean square of the loudest sound lately
}

const (
	// loudMemory is for how long loud sound is the measure of what is quiet, in
	// samples (3 s).
	loudMemory = 3 * SampleRate
	// quietRatio: a pause is so many times softer than the voice (24 dB).
	quietRatio = 16
	// faintRMS is silent whatever the voice, root mean square (-64 dBFS).
	faintRMS = 20
)

func (l *loudness) hear(x []int16) {
	var energy float64
	for _, v := range x {
		energy += float64(v) * float64(v)
	}
	decay := 1 - float64(len(x))/loudMemory
	l.loud = max(l.loud*decay, math.Sqrt(energy/float64(len(x))))
}

func (l *loudness) quiet(rms float64) bool { return rms < max(l.loud/quietRatio, faintRMS) }
