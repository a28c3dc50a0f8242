package media

// This file moves the lag towards the target while nobody hears it.

const (
	// lagSlack is by how much the lag may exceed the target for free (1 ms).
	lagSlack = SampleRate / 1000
	// ceilingSlack is by how much a gap or an edit may go beyond the ceiling (20 ms).
	ceilingSlack = SampleRate / 50
	// retryAfter is the sound between two searches for a place to edit (10 ms).
	retryAfter = SampleRate / 100
	// urgentExcess is the excess at which sound is squeezed wherever it is (200 ms),
	// urgentLack the lack at which it is stretched so (30 ms).
	urgentExcess = SampleRate / 5
	urgentLack   = SampleRate * 30 / 1000
	// stretchPatience is for how long a lack waits for a good place before it takes
	// any: 2 s, as gaps threaten. squeezePatience is the same for an excess (30 s),
	// which must be smallExcess (5 ms) at least: less does not matter.
	stretchPatience = 2 * SampleRate
	squeezePatience = 30 * SampleRate
	smallExcess     = SampleRate / 200
	// goodLikeness of two periods makes an edit inaudible.
	goodLikeness = 0.9
	// calmUrgency is the urgency up to which only good places will do.
	calmUrgency = 0.2
)

// adapt edits the sound that is about to be played, of which n samples are
// needed now, if the lag is off and this is a good place.
func (p *Playout) adapt(n int) {
	if p.phase != playing {
		return
	}
	excess := p.lag() - p.target()
	if p.lag()-p.needs.fastest() > p.ceiling+ceilingSlack {
		p.skip(excess)
		return
	}
	off := excess > lagSlack || excess < 0
	if !off {
		p.wanted = 0
	} else {
		p.wanted += n
	}
	if p.rest > 0 || p.run > 0 || !off {
		p.rest = max(0, p.rest-n)
		return
	}
	if excess > 0 {
		p.squeeze(int(excess))
	} else {
		p.stretch(int(-excess))
	}
}

func (p *Playout) squeeze(excess int) {
	p.decodeAhead(max(2*min(excess, maxLag), matchWindow+lagSlack))
	e, found := p.line.findSqueeze(excess, &p.voice)
	urgency := float64(excess) / urgentExcess
	if excess > smallExcess {
		urgency += float64(p.wanted) / squeezePatience
	}
	if !found || !inaudible(e, urgency) {
		p.rest = retryAfter
		return
	}
	p.line.squeeze(e)
	p.stats.Squeezed += uint64(e.lag)
	p.rest = e.lag * p.squeezePace(e, excess)
}

// squeezePace is how many times the length of an edit is played untouched after
// it: the further off, the faster.
func (p *Playout) squeezePace(e edit, excess int) int {
	switch {
	case e.quiet:
		return 1
	case excess > SampleRate*60/1000:
		return 3
	case excess > SampleRate*20/1000:
		return 5
	}
	return 10
}

func (p *Playout) stretch(lack int) {
	p.decodeAhead(min(max(lack, matchWindow), maxLag))
	e, found := p.line.findStretch(lack, &p.voice)
	urgency := float64(lack)/urgentLack + float64(p.wanted)/stretchPatience
	if !found || !inaudible(e, urgency) {
		p.rest = retryAfter
		return
	}
	p.line.stretch(e)
	p.stats.Stretched += uint64(e.lag)
	p.rest = e.lag * 2
}

// inaudible tells whether e may be made: always in a pause, else where the sound
// repeats itself, the less exactly the more urgent it is (0 to 1).
func inaudible(e edit, urgency float64) bool {
	if e.quiet || urgency >= 1 {
		return true
	}
	// Sound that is dropped without a cross-fade has not been compared.
	return e.fade == e.lag && e.likeness >= goodLikeness*(1-max(0, urgency-calmUrgency)/(1-calmUrgency))
}

// decodeAhead decodes packets that follow each other until want samples wait.
func (p *Playout) decodeAhead(want int) {
	for p.line.unplayed() < want {
		f := p.queue.front()
		if f == nil || f.ts > p.end || p.run > 0 {
			return
		}
		p.decode()
	}
}

// skip drops sound that is older than anybody wants to hear: the clocks jumped,
// or the device stood still.
func (p *Playout) skip(excess int64) {
	dropped := p.line.unplayed()
	p.stats.Squeezed += uint64(dropped)
	p.line.cut(dropped)
	p.empty -= min(p.empty, dropped)
	p.end += excess - int64(dropped)
	p.expected, p.broken = p.end, true
	p.dropBefore(p.end)
}

// dropBefore gives up the packets that begin before ts.
func (p *Playout) dropBefore(ts int64) {
	for f := p.queue.front(); f != nil && f.ts < ts; f = p.queue.front() {
		p.queue.pop()
		p.dropped++
		p.stats.Late++
	}
}
