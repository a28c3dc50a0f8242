package media

// This file begins to play, for the first time or after the stream had stopped.

const (
	// nearTarget is how much later than the target a stream may resume without
	// suspicion (40 ms).
	nearTarget = SampleRate * 40 / 1000
	// backlogQuiet is how long the delay must not have fallen for a backlog to be
	// over (20 ms), backlogStep by how much it falls at least while it is not
	// (5 ms), backlogLimit how long that may take (1 s).
	backlogQuiet = SampleRate / 50
	backlogStep  = SampleRate / 200
	backlogLimit = SampleRate
)

// resume begins to play the queue, unless it is better to wait.
func (p *Playout) resume() bool {
	if p.phase == unanchored {
		p.run = fadeTo // comes out of silence
		p.setLag(p.target())
		p.lastSeq, p.dropped, p.expected = p.queue.front().seq-1, 0, p.end
		p.phase = playing
		return true
	}
	if p.outage() {
		return p.resumeAfterOutage()
	}
	p.setLag(max(p.target(), p.pulled-p.queue.front().ts))
	p.phase = playing
	return true
}

// outage: nothing came for longer than playout would ever wait. What comes first
// now says nothing about jitter.
func (p *Playout) outage() bool { return p.phase == idle && int64(p.run) > p.ceiling }

// resumeAfterOutage waits until what had piled up on the way has come, and drops
// it: the conversation goes on, the past does not.
func (p *Playout) resumeAfterOutage() bool {
	need := p.pulled - p.queue.back().ts
	target := p.needs.target()
	if !p.backlog.over(p.pulled, need, target+nearTarget) {
		return false
	}
	if base := p.needs.fastest(); need > base+p.ceiling {
		// The sender's clock stood still meanwhile: a pause.
		p.needs.shift(need - base)
		p.stats.Silent += p.pending
		p.pending = 0
	}
	p.setLag(max(p.target(), need))
	p.dropBefore(p.position())
	p.phase = playing
	return p.queue.n > 0
}

// backlog watches packets pour in after an outage.
type backlog struct {
	active bool
	began  int64 // pulled samples
	least  int64 // lag needed by the newest packet
	since  int64 // pulled samples when least fell
}

// over tells whether the newest packet, which needs the lag need, is as fresh as
// they will be. normal is as fresh as they used to be.
func (b *backlog) over(pulled, need, normal int64) bool {
	switch {
	case !b.active:
		*b = backlog{true, pulled, need, pulled}
	case need < b.least-backlogStep:
		b.least, b.since = need, pulled
	}
	done := need <= normal || pulled-b.since >= backlogQuiet || pulled-b.began >= backlogLimit
	b.active = !done
	return done
}
