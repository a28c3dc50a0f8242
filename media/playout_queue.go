package media

// packetQueue holds the packets of one stream that wait for their turn, ordered
// by timestamp, each at most once. It unwraps sequence numbers and timestamps
// and notices when the sender began anew. Its memory is bounded and reused.
type packetQueue struct {
	slots [maxPackets]queuedPacket // the first n wait, the rest lend their memory
	n     int

	started bool
	newest  packetID // the highest numbers so far
	seen    decodedSet

	// suspect are the numbers of a packet that fits nowhere. If the next one
	// follows it, the sender began anew (as in RFC 3550 appendix A.1).
	suspect    packetNumbers
	suspecting bool
}

// packetID places a packet: its numbers unwrapped to 64 bits.
type packetID struct {
	seq int64
	ts  int64 // samples
}

type packetNumbers struct {
	seq uint16
	ts  uint32
}

type queuedPacket struct {
	packetID
	payload []byte
}

type packetVerdict uint8

const (
	packetNew packetVerdict = iota
	packetDuplicate
	packetStray   // of another stream, or damaged
	packetRestart // the first packet of a stream that replaces this one
)

const (
	// maxPackets bounds the queue: 640 ms of 10 ms packets, more than the default
	// ceiling of the delay.
	maxPackets = 64
	// maxPayload is more than a QUIC datagram can carry.
	maxPayload = 1500
	// jumpTime is how far timestamps may jump without suspicion, in samples (5 s).
	jumpTime = 5 * SampleRate
	// jumpPackets is how far sequence numbers may jump so: 10 s of 10 ms packets.
	jumpPackets = 1000
)

// identify unwraps the numbers of a packet and says what it is. plausible may
// vouch for a timestamp that jumped. New packets are marked as received.
func (q *packetQueue) identify(seq uint16, ts uint32, plausible func(ts int64) bool) (packetID, packetVerdict) {
	if !q.started {
		return q.begin(seq, ts), packetNew
	}
	forward := int64(int16(seq - uint16(q.newest.seq)))
	later := int64(int32(ts - uint32(q.newest.ts)))
	id := packetID{q.newest.seq + forward, q.newest.ts + later}
	if !consistent(forward, later) || isJump(forward, later) && !plausible(id.ts) {
		if !q.confirms(seq, ts) {
			q.suspect, q.suspecting = packetNumbers{seq, ts}, true
			return id, packetStray
		}
		return q.begin(seq, ts), packetRestart
	}
	q.suspecting = false
	if q.received(id.seq) {
		return id, packetDuplicate
	}
	q.seen.add(id.seq)
	if forward > 0 {
		q.newest = id
	}
	return id, packetNew
}

// consistent: both numbers grow together.
func consistent(forward, later int64) bool {
	return forward > 0 && later > 0 || forward < 0 && later < 0 || forward == 0 && later == 0
}

func isJump(forward, later int64) bool {
	return forward > jumpPackets || forward < -jumpPackets || later > jumpTime || later < -jumpTime
}

func (q *packetQueue) confirms(seq uint16, ts uint32) bool {
	step := int32(ts - q.suspect.ts)
	return q.suspecting && seq == q.suspect.seq+1 && step > 0 && step <= maxPacket
}

func (q *packetQueue) begin(seq uint16, ts uint32) packetID {
	// Room below, so that what came before the first packet has positive numbers.
	q.newest = packetID{int64(seq) + 1<<16, int64(ts) + 1<<32}
	q.started, q.suspecting = true, false
	q.seen = decodedSet{}
	q.seen.add(q.newest.seq)
	return q.newest
}

// received tells whether the packet numbered seq came, as far as is remembered.
func (q *packetQueue) received(seq int64) bool { return q.seen.has(seq) }

// insert copies payload into the queue. When the queue is full the oldest packet
// makes room.
func (q *packetQueue) insert(id packetID, payload []byte) (dropped bool) {
	if dropped = q.n == maxPackets; dropped {
		q.pop()
	}
	spare := q.slots[q.n]
	at := q.n
	for ; at > 0 && q.slots[at-1].ts > id.ts; at-- {
		q.slots[at] = q.slots[at-1]
	}
	q.slots[at] = queuedPacket{id, append(spare.payload[:0], payload...)}
	q.n++
	return dropped
}

// front is the packet with the lowest timestamp, nil if none waits. It is valid
// until the next insert, also after pop.
func (q *packetQueue) front() *queuedPacket {
	if q.n == 0 {
		return nil
	}
	return &q.slots[0]
}

// back is the packet with the highest timestamp; the queue is not empty.
func (q *packetQueue) back() *queuedPacket { return &q.slots[q.n-1] }

// pop takes the front out; its payload is valid until the next insert.
func (q *packetQueue) pop() queuedPacket {
	f := q.slots[0]
	copy(q.slots[:q.n], q.slots[1:q.n])
	q.n--
	q.slots[q.n] = f
	return f
}

func (q *packetQueue) clear() { q.n = 0 }
