package quicproto

import "time"

// sentLog remembers what was sent on each RTP stream, so that feedback, which
// speaks of streams and sequence numbers, can be read as facts about packets.
type sentLog struct {
	nextID  uint64
	streams [ssrcCount][sentWindow]sentEntry
	settled [ssrcCount]uint16 // whatever was sent before is known to have arrived or not
	newest  [ssrcCount]uint16 // sent last
	frame   uint16            // the latest of which a packet is known to have arrived
	losses  lossMeter         // of what is settled
	crowded bool              // a queue stands: what is lost now was too much, and repair would add to it
}

// sentWindow is how many packets of a stream are remembered: 4 s of a 5 Mbit/s
// stream. A power of two.
const sentWindow = 2048

type sentEntry struct {
	id    uint64 // 0: empty
	seq   uint16
	size  int
	frame uint16 // picture ID, of video
	sent  time.Time
	state sentState
}

type sentState uint8

const (
	inFlight sentState = iota
	arrived
	lost
)

// add records that p leaves now and returns its link-wide number, which counts
// from 1.
func (l *sentLog) add(now time.Time, p *packet) uint64 {
	l.nextID++
	if settled := &l.settled[p.ssrc-1]; p.seq-*settled >= sentWindow {
		*settled = p.seq - sentWindow + 1 // forgotten without news
	}
	l.newest[p.ssrc-1] = p.seq
	*l.entry(p.ssrc, p.seq) = sentEntry{id: l.nextID, seq: p.seq, size: p.wireSize(), frame: p.frame, sent: now}
	return l.nextID
}

// delay notes that the packet added last leaves only now.
func (l *sentLog) delay(now time.Time, p *packet) {
	if e := l.find(p.ssrc, p.seq); e != nil && e.id == l.nextID {
		e.sent = now
	}
}

// forget gives up what was sent before now and not told of: it went over a dead
// path, and its loss says nothing of a living one.
func (l *sentLog) forget() {
	for i, newest := range l.newest {
		l.settled[i] = newest + 1
	}
}

func (l *sentLog) entry(ssrc uint32, seq uint16) *sentEntry {
	return &l.streams[ssrc-1][int(seq)%sentWindow]
}

// find returns the entry of a packet, nil if it is unknown or too old.
func (l *sentLog) find(ssrc uint32, seq uint16) *sentEntry {
	if ssrc < 1 || ssrc > ssrcCount {
		return nil
	}
	e := l.entry(ssrc, seq)
	if e.id == 0 || e.seq != seq {
		return nil
	}
	return e
}
