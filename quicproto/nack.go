package quicproto

import "time"

// nackTracker watches the sequence numbers of one stream and says which missing
// packets to ask for again (RFC 4585 generic NACK). It waits for as long as
// packets on this path are seen to overtake each other, so that reordering
// costs no needless retransmissions.
type nackTracker struct {
	started bool
	highest uint16
	missing []missingPacket // oldest first
	reorder time.Duration   // how long to wait for an overtaken packet
	asked   uint64          // requests made
	waste   uint64          // requests for packets that came by themselves
}

type missingPacket struct {
	seq   uint16
	since time.Time // when a later packet came
	hold  time.Time // until when FEC may still restore it
	asked time.Time // when it was last requested; zero: not yet
	tries int
}

const (
	// minReorderWait is for the path on which nothing was ever reordered; a
	// packet of the same burst may still be on its way.
	minReorderWait = 2 * time.Millisecond
	maxReorderWait = 60 * time.Millisecond
	// reorderDecay shrinks the wait with each packet that comes in order, to
	// half in about 700 packets.
	reorderDecay = 0.999
	// maxNackTries bounds the requests for one packet.
	maxNackTries = 6
	// maxMissing bounds the packets watched; a larger hole is an outage, which
	// only a keyframe mends.
	maxMissing = 256
	// nackGiveUp is the age at which a packet's frame has lost its use.
	nackGiveUp = 600 * time.Millisecond
)

// handle records that packet seq came at now; repaired says that it came as a
// retransmission or out of FEC.
func (t *nackTracker) handle(now time.Time, seq uint16, repaired bool) {
	if !t.started {
		t.started, t.highest, t.reorder = true, seq, minReorderWait
		return
	}
	if !seqBefore(t.highest, seq) {
		t.fill(now, seq, repaired)
		return
	}
	if repaired {
		return // ahead of the stream: nothing can be learnt from it
	}
	t.advance(now, seq)
}

// restored records that FEC has restored packet seq.
func (t *nackTracker) restored(now time.Time, seq uint16) {
	if t.started && seqBefore(t.highest, seq) {
		t.advance(now, seq)
		return
	}
	t.fill(now, seq, true)
}

// announce records that packet seq was sent, without its having come.
func (t *nackTracker) announce(now time.Time, seq uint16) {
	if t.started && seqBefore(t.highest, seq) && seq-t.highest <= maxMissing {
		t.advance(now, seq+1)
		t.highest = seq
	}
}

// advance moves on to seq and watches for what was left out.
func (t *nackTracker) advance(now time.Time, seq uint16) {
	gap := int(seq - t.highest - 1)
	if gap > maxMissing {
		t.missing = t.missing[:0]
		gap = 0
	}
	for i := range gap {
		t.missing = append(t.missing, missingPacket{seq: seq - uint16(gap-i), since: now})
	}
	if over := len(t.missing) - maxMissing; over > 0 {
		t.missing = append(t.missing[:0], t.missing[over:]...)
	}
	if gap == 0 {
		t.reorder = max(minReorderWait, time.Duration(float64(t.reorder)*reorderDecay))
	}
	t.highest = seq
}

// fill crosses seq off the list, and learns from an original that came late.
func (t *nackTracker) fill(now time.Time, seq uint16, repaired bool) {
	for i, m := range t.missing {
		if m.seq != seq {
			continue
		}
		if !repaired {
			late := now.Sub(m.since)
			t.reorder = min(max(t.reorder, late+late/8), maxReorderWait)
			if m.tries > 0 {
				t.waste++
			}
		}
		t.missing = append(t.missing[:i], t.missing[i+1:]...)
		return
	}
}

// holdFrom keeps packets from seq on from being asked for before a time, unless
// they have been.
func (t *nackTracker) holdFrom(seq uint16, until time.Time) {
	for i := range t.missing {
		if m := &t.missing[i]; !seqBefore(m.seq, seq) {
			m.hold = until
		}
	}
}

// releaseUntil lets packets before seq be asked for.
func (t *nackTracker) releaseUntil(seq uint16) {
	for i := range t.missing {
		if m := &t.missing[i]; seqBefore(m.seq, seq) {
			m.hold = time.Time{}
		}
	}
}

// missingFrom is the number of missing packets from seq on.
func (t *nackTracker) missingFrom(seq uint16) int {
	n := 0
	for _, m := range t.missing {
		if !seqBefore(m.seq, seq) {
			n++
		}
	}
	return n
}

// wants says whether seq is still missing.
func (t *nackTracker) wants(seq uint16) bool {
	for _, m := range t.missing {
		if m.seq == seq {
			return true
		}
	}
	return false
}

// pop appends to seqs what should be requested at now, given the round trip.
func (t *nackTracker) pop(now time.Time, rtt time.Duration, seqs []uint16) []uint16 {
	keep := t.missing[:0]
	for _, m := range t.missing {
		if now.Sub(m.since) > nackGiveUp || m.tries >= maxNackTries {
			continue
		}
		if !now.Before(t.due(m, rtt)) {
			m.asked = now
			m.tries++
			t.asked++
			seqs = append(seqs, m.seq)
		}
		keep = append(keep, m)
	}
	t.missing = keep
	return seqs
}

// next says when pop has something to do; zero for never.
func (t *nackTracker) next(rtt time.Duration) time.Time {
	var first time.Time
	for _, m := range t.missing {
		if d := t.due(m, rtt); first.IsZero() || d.Before(first) {
			first = d
		}
	}
	return first
}

// due is when a packet should be requested: first when it cannot be reordering
// any more and FEC has not restored it, then each time its retransmission should have come.
func (t *nackTracker) due(m missingPacket, rtt time.Duration) time.Time {
	if m.tries == 0 {
		if due := m.since.Add(t.reorder); due.After(m.hold) {
			return due
		}
		return m.hold
	}
	return m.asked.Add(rtt + rtt/4 + 5*time.Millisecond)
}
