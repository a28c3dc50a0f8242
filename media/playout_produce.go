package media

// This file decides what is heard next: a packet, the copy of a lost one, a
// guess at it, the noise of a pause, or silence.

const (
	// concealStep is how much is concealed at a time: what Opus makes at once in
	// all its modes (10 ms). Of a step, what is not played yet when the packet
	// comes is the cross-fade into it.
	concealStep = SampleRate / 100
	// concealUnit is what lengths of concealment are multiples of (2.5 ms, the
	// shortest frame of Opus).
	concealUnit = SampleRate / 400
	// fadeFrom and fadeTo are between which lengths of made-up sound it fades to
	// silence: a guess longer than a phoneme is a drone.
	fadeFrom = SampleRate * 60 / 1000
	fadeTo   = SampleRate * 120 / 1000
	// joinFade is the cross-fade from made-up sound to a packet, joinSearch how
	// much later than at once it may begin so that their phases fit.
	joinFade   = SampleRate / 200
	joinSearch = SampleRate / 200
)

// produce appends to the line, of which want samples are missing for the block
// that is due.
func (p *Playout) produce(want int) {
	f := p.queue.front()
	if f == nil || p.phase != playing && !p.resume() {
		p.await(want)
		return
	}
	f = p.queue.front()
	switch gap := f.ts - p.end; {
	case gap <= 0:
		p.decode()
	case p.paused && (f.seq == p.lastSeq+1 || gap > int64(p.packetLen)):
		p.linger(int(min(gap, int64(want))))
	case f.seq == p.lastSeq+1 || p.run >= fadeTo:
		p.bridge(int(min(gap, concealStep)), gap)
	default:
		p.repair(f, gap)
	}
}

// await makes up sound while nothing has come.
func (p *Playout) await(want int) {
	switch {
	case p.phase == playing && p.paused:
		p.linger(want)
	case p.phase == playing && p.run < fadeTo:
		p.conceal(concealStep)
	case p.phase == unanchored:
		p.line.silence(want)
		p.noteEmpty(want, true)
		p.stats.Silent += uint64(want)
	default:
		p.phase = idle
		p.fallSilent(want)
	}
}

// bridge fills a pause of the sender, or what is left of a gap that has faded
// out; gap samples are missing until the next packet. What playout is behind
// can be caught up with here for free.
func (p *Playout) bridge(n int, gap int64) {
	if p.run < fadeTo {
		p.conceal(n)
		return
	}
	if excess := p.lag() - p.target(); excess > 0 {
		skipped := min(excess, gap)
		p.end += skipped
		gap -= skipped
	}
	if gap > 0 {
		p.fallSilent(int(min(gap, int64(n))))
	}
}

// repair fills up to gap samples before packet f, whose predecessor is missing.
func (p *Playout) repair(f *queuedPacket, gap int64) {
	length := int64(p.packetLen)
	if gap > length {
		p.conceal(int(min(gap-length, concealStep)))
		return
	}
	copied := p.copies != nil && p.copies.HasCopy(f.payload)
	if p.copies != nil && !copied {
		p.conceal(int(gap))
		return
	}
	p.prepareJoin(0)
	pcm := p.line.room(p.packetLen)
	if err := p.dec.Recover(pcm, f.payload); err != nil {
		p.conceal(int(gap))
		return
	}
	copy(pcm, pcm[length-gap:])
	if !copied {
		p.pending += uint64(gap) // who cannot tell is not believed
	} else {
		p.stats.Recovered += uint64(gap)
	}
	p.settle(length, 0)
	p.append(pcm[:gap], false)
}

// decode plays the front of the queue, which is due or late. If it is late, the
// made-up sound that nobody has heard yet gives way, and what was heard is the
// delay gained: nothing that was said is left out.
func (p *Playout) decode() {
	f := p.queue.pop()
	if p.pauses != nil && p.pauses.IsPause(f.payload) {
		p.pause(&f)
		return
	}
	heard := max(0, p.expected-f.ts) // of a packet that overlaps the one before
	begin := f.ts + heard
	p.prepareJoin(int(p.end - begin))
	pcm := p.line.room(maxPacket + joinSearch)
	n, err := p.dec.Decode(pcm[:maxPacket], f.payload)
	if err != nil || n > maxPacket || int64(n) <= heard {
		p.stats.Refused++
		return
	}
	missing := max(f.seq-p.lastSeq-1, 0)
	held := missing * int64(max(n, p.packetLen))
	p.packetLen = n
	n = copy(pcm, pcm[heard:n])
	p.settle(held, begin-p.expected)
	if p.paused {
		p.wakeUp(missing)
	}
	p.follow(&f)
	p.voice.hear(pcm[:n])
	p.comfort.hear(pcm[:n])
	p.append(pcm[:n], p.end > begin)
	p.end = begin + int64(n)
	p.expected = p.end
	p.stats.Played += uint64(n)
}

// follow notes that f has been played, and which before it have not.
func (p *Playout) follow(f *queuedPacket) {
	p.stats.Lost += uint64(min(max(0, f.seq-p.lastSeq-1-p.dropped), jumpPackets))
	p.lastSeq, p.dropped = f.seq, 0
}

// prepareJoin gets ready for real sound after made-up sound, of which over
// samples stand where the real one belongs: those not played yet are taken back,
// and tail is what would have been heard.
func (p *Playout) prepareJoin(over int) {
	p.joining = p.run > 0 || p.broken
	if !p.joining {
		return
	}
	back := min(over, p.run, p.line.unplayed())
	n := copy(p.tail[:], p.line.head()[p.line.unplayed()-back:])
	p.line.extrapolate(p.tail[n:])
	p.line.cut(back)
	p.end -= int64(back)
	p.run -= back
	p.pending -= min(p.pending, uint64(back))
	p.empty -= min(p.empty, back)
}

// append takes pcm, which lies at the line's end already, and joins it to made-up
// sound. If it may be put off, it begins where the phases fit.
func (p *Playout) append(pcm []int16, mayWait bool) {
	n := len(pcm)
	if p.joining {
		fade := min(joinFade, n)
		if p.rested {
			fade = min(pauseFade, n)
		}
		at := 0
		if mayWait {
			at = bestJoin(p.tail[:], pcm[:fade], joinSearch)
		}
		pcm = pcm[:n+at]
		copy(pcm[at:], pcm[:n])
		copy(pcm, p.tail[:at])
		tail, begin := p.tail[at:at+fade], pcm[at:at+fade]
		crossfade(begin, tail, begin, likeness(tail, begin, 1))
		p.stats.Concealed += uint64(at)
		n += at
	}
	p.line.grow(n)
	p.end += int64(n)
	p.expected = p.end
	p.run, p.empty, p.broken, p.joining, p.rested = 0, 0, false, false, false
}

// conceal makes up n samples, fading to silence as the gap grows.
func (p *Playout) conceal(n int) {
	pcm := p.line.room((n + concealUnit - 1) / concealUnit * concealUnit)
	if err := p.dec.Conceal(pcm); err != nil {
		p.line.extrapolate(pcm)
	}
	for i := range pcm[:n] {
		if past := p.run + i - fadeFrom; past > 0 {
			pcm[i] = int16(int(pcm[i]) * max(0, fadeTo-fadeFrom-past) / (fadeTo - fadeFrom))
		}
	}
	p.empty = 0
	p.makeUp(n)
}

func (p *Playout) fallSilent(n int) {
	p.noteEmpty(n, p.comfort.fade(p.line.room(n)))
	p.makeUp(n)
}

func (p *Playout) makeUp(n int) {
	p.line.grow(n)
	p.end += int64(n)
	p.run += n
	p.pending += uint64(n)
}

// settle says what was made up, before a packet that begins gap samples after the
// last one's end while packets are missing that held so many: the sender paused for
// what these do not account for, the rest should have been heard.
func (p *Playout) settle(held, gap int64) {
	concealed := p.pending
	if gap > held {
		concealed = min(concealed, uint64(held))
	}
	p.stats.Silent += p.pending - concealed
	p.stats.Concealed += concealed
	if concealed > 0 {
		p.stats.Concealments++
	}
	p.pending = 0
}
