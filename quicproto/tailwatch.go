package quicproto

import "time"

// tailWatch notices that the end of a frame is missing: its packets have ceased to
// come, and none had the marker. Gaps show only when a later packet comes, which
// for the last ones of a frame means the next frame; by then they could be here.
type tailWatch struct {
	seq uint16    // the highest packet of the frame
	due time.Time // when its successors should be asked for; zero: not
}

const (
	// tailPatience comes on top of the longest usual gap between packets of a frame.
	tailPatience = 5 * time.Millisecond
	// tailSize is how many packets are asked for. The sender knows which of them it
	// has sent.
	tailSize = 8
)

// handleVideo notes a video packet that came in its turn; quiet is the longest
// usual gap.
func (w *tailWatch) handleVideo(now time.Time, seq uint16, last bool, quiet time.Duration) {
	w.seq, w.due = seq, time.Time{}
	if !last {
		w.due = now.Add(quiet + tailPatience)
	}
}

// pop appends to seqs what should be asked for now.
func (w *tailWatch) pop(now time.Time, seqs []uint16) []uint16 {
	if w.due.IsZero() || now.Before(w.due) {
		return seqs
	}
	w.due = time.Time{}
	for i := range uint16(tailSize) {
		seqs = append(seqs, w.seq+1+i)
	}
	return seqs
}
