package quicproto

import "time"

// sendQueue holds what waits to be sent, in order of importance: audio before
// feedback before repair before video. Audio and feedback never wait for the
// pacer; what they take is taken from the others.
type sendQueue struct {
	pace  *pacer
	flows [flowCount]packetFIFO
}

// overhead is what a datagram costs on the wire besides its bytes: IPv4 and UDP
// (28), QUIC short header with a 4-byte connection ID and packet number (1+4+2),
// DATAGRAM frame header (3) and AEAD tag (16).
const overhead = 54

func (p *packet) wireSize() int { return len(p.data) + overhead }

func (q *sendQueue) push(now time.Time, p *packet) {
	p.queued = now
	q.flows[p.flow].push(p)
}

// pushBehind queues a packet behind those of another flow, with their importance.
func (q *sendQueue) pushBehind(now time.Time, p *packet, f Flow) {
	p.queued = now
	q.flows[f].push(p)
}

// staleAfter is the age at which sound and feedback are not worth sending any more,
// when QUIC takes nothing: there is newer.
const staleAfter = 120 * time.Millisecond

// dropStale drops sound, feedback and repair that have waited for too long, and
// returns how many packets.
func (q *sendQueue) dropStale(now time.Time) (dropped int) {
	for _, f := range []Flow{FlowAudio, FlowFeedback, FlowRepair} {
		fifo, limit := &q.flows[f], staleAfter
		if f == FlowRepair {
			limit = nackGiveUp
		}
		for fifo.len() > 0 && now.Sub(fifo.front().queued) > limit {
			fifo.pop()
			dropped++
		}
	}
	return dropped
}

// pop returns the next packet that may leave at now, nil if none may.
func (q *sendQueue) pop(now time.Time) *packet {
	for f := range q.flows {
		fifo := &q.flows[f]
		if fifo.len() == 0 {
			continue
		}
		if paced(Flow(f)) && !q.pace.allow(now, fifo.front().wireSize()) {
			return nil
		}
		p := fifo.pop()
		q.pace.spend(now, p.wireSize())
		p.sent = now
		return p
	}
	return nil
}

// next says when pop should be tried again; zero if nothing waits.
func (q *sendQueue) next(now time.Time) time.Time {
	for f := range q.flows {
		if q.flows[f].len() == 0 {
			continue
		}
		if !paced(Flow(f)) {
			return now
		}
		return q.pace.next(now, q.flows[f].front().wireSize())
	}
	return time.Time{}
}

func paced(f Flow) bool { return f >= FlowRepair }

// backlog is the number of bytes on the wire that wait in the paced flows.
func (q *sendQueue) backlog() int {
	return q.flows[FlowRepair].bytes + q.flows[FlowVideo].bytes
}

// packetFIFO is a queue whose memory is reused.
type packetFIFO struct {
	items []*packet
	first int
	bytes int // on the wire
}

func (f *packetFIFO) len() int { return len(f.items) - f.first }

func (f *packetFIFO) front() *packet { return f.items[f.first] }

func (f *packetFIFO) push(p *packet) {
	if f.first > 0 && len(f.items) == cap(f.items) {
		n := copy(f.items, f.items[f.first:])
		f.items, f.first = f.items[:n], 0
	}
	f.items = append(f.items, p)
	f.bytes += p.wireSize()
}

func (f *packetFIFO) pop() *packet {
	p := f.items[f.first]
	f.first++
	f.bytes -= p.wireSize()
	if f.first == len(f.items) {
		f.items, f.first = f.items[:0], 0
	}
	return p
}
