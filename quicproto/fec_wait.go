package quicproto

import "time"

// fecWait says for how long a missing video packet may still come out of FEC,
// so that it is not asked for before.
type fecWait struct {
	begin     uint16 // the first packet of the present frame, as far as is known
	timestamp uint32 // of that frame
	started   bool

	latest time.Time     // when a packet of the frame or its parity last came
	quiet  time.Duration // longest usual time between two of these
	parity time.Time     // when a parity packet last came
	most   float64       // parity packets of a block, the most of late
}

const (
	minQuiet = 3 * time.Millisecond
	maxQuiet = 40 * time.Millisecond
	// quietMargin is how much longer than the longest usual gap between packets
	// shows that no more come; quietDecay forgets gaps, to half in 70 packets, and
	// mostDecay numbers of parity packets, in 70 blocks.
	quietMargin = 1.5
	quietDecay  = 0.99
	mostDecay   = 0.99
	// fecMemory is for how long after a parity packet others are expected: on a
	// path with little loss not each frame has one.
	fecMemory = time.Second
)

// handleVideo notes that a video packet came, the highest before it being highest.
func (w *fecWait) handleVideo(now time.Time, seq, highest uint16, timestamp uint32, start bool) {
	if w.started && timestamp == w.timestamp {
		w.tick(now)
		return
	}
	if w.started && int32(timestamp-w.timestamp) < 0 {
		return // of a frame before
	}
	w.started, w.timestamp, w.latest = true, timestamp, now
	w.begin = highest + 1
	if start || seqBefore(seq, w.begin) {
		w.begin = seq
	}
}

// handleParity notes that a parity packet came.
func (w *fecWait) handleParity(now time.Time, h fecHeader) {
	if !seqBefore(h.base, w.begin) {
		w.tick(now)
	}
	w.parity = now
	w.most = max(w.most*mostDecay, float64(h.parity))
}

// end notes that no parity will come for packets before seq.
func (w *fecWait) end(seq uint16) {
	if seqBefore(w.begin, seq) {
		w.begin = seq
	}
}

func (w *fecWait) tick(now time.Time) {
	gap := time.Duration(quietMargin * float64(now.Sub(w.latest)))
	w.quiet = min(max(gap, time.Duration(quietDecay*float64(w.quiet)), minQuiet), maxQuiet)
	w.latest = now
}

// expected says whether frames have parity packets at present.
func (w *fecWait) expected(now time.Time) bool {
	return !w.parity.IsZero() && now.Sub(w.parity) <= fecMemory
}

// until is when the parity of the present frame should all have come, given how
// many of its packets are missing; zero if it cannot help.
func (w *fecWait) until(now time.Time, missing int) time.Time {
	if !w.expected(now) || float64(missing) > w.most+0.5 {
		return time.Time{}
	}
	return now.Add(w.quiet)
}
