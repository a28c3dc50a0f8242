package media

import (
	"slices"
	"time"
)

// JitterBuffer puts the frames of one stream into the order of decoding, leaves
// out what cannot be decoded, and holds each back just long enough that the
// picture moves evenly although the network does not deliver so. It is sans-IO
// and has one owner.
type JitterBuffer struct {
	waiting []EncodedFrame // by ID, oldest first
	ids     []int64        // unwrapped IDs of waiting
	came    []time.Time    // when each of them arrived

	started  bool
	last     int64 // ID of the frame popped last
	unwrap   idUnwrapper
	decoded  decodedSet
	stalled  time.Time // since when nothing of what waits is decodable; zero: it is
	timing   frameTiming
	hold     pictureHold
	lateness uint64 // frames that came too late
	skipped  uint64 // frames passed over because what they need is lost
}

// maxWaiting bounds the frames in the buffer: more than a second of them means
// that what they wait for does not come.
const maxWaiting = 64

// NewJitterBuffer makes an empty buffer whose delay never exceeds ceiling.
func NewJitterBuffer(ceiling time.Duration) *JitterBuffer {
	return &JitterBuffer{timing: frameTiming{ceiling: ceiling}}
}

// Push takes a complete frame that arrived at now.
func (j *JitterBuffer) Push(now time.Time, f EncodedFrame) {
	id := j.unwrap.unwrap(f.ID)
	if j.started && id <= j.last {
		if !f.Keyframe || j.last-id < maxWaiting {
			j.lateness++
			return
		}
		j.Reset() // the sender's encoder began anew
		id = j.unwrap.unwrap(f.ID)
	}
	j.timing.observe(now, f.Timestamp)
	if !j.insert(now, id, f) {
		return
	}
	if len(j.waiting) > maxWaiting {
		j.remove(1)
		j.skipped++
	}
}

func (j *JitterBuffer) insert(now time.Time, id int64, f EncodedFrame) bool {
	at := len(j.ids)
	for at > 0 && j.ids[at-1] >= id {
		if j.ids[at-1] == id {
			return false
		}
		at--
	}
	j.ids = slices.Insert(j.ids, at, id)
	j.waiting = slices.Insert(j.waiting, at, f)
	j.came = slices.Insert(j.came, at, now)
	return true
}

// remove forgets the n oldest frames.
func (j *JitterBuffer) remove(n int) {
	j.ids = slices.Delete(j.ids, 0, n)
	j.waiting = slices.Delete(j.waiting, 0, n)
	j.came = slices.Delete(j.came, 0, n)
}

// Pop returns the next frame to decode, if one is due at now.
func (j *JitterBuffer) Pop(now time.Time) (f EncodedFrame, ok bool) {
	at := j.candidate()
	if at < 0 {
		if len(j.waiting) > 0 && j.stalled.IsZero() {
			j.stalled = now
		}
		return f, false
	}
	j.stalled = time.Time{}
	due, held := j.due(at)
	if now.Before(due) {
		return f, false
	}
	f = j.waiting[at]
	f.Held = held
	j.last, j.started = j.ids[at], true
	j.decoded.add(j.last)
	j.skipped += uint64(at)
	j.remove(at + 1)
	return f, true
}

// candidate is the index of the first decodable frame, -1 if there is none. A
// frame before it that still waits for a retransmission is given up: what comes
// later shows more.
func (j *JitterBuffer) candidate() int {
	for i := range j.waiting {
		if j.decodable(i) {
			return i
		}
	}
	return -1
}

func (j *JitterBuffer) decodable(i int) bool {
	f := &j.waiting[i]
	if f.Keyframe {
		return true
	}
	if !j.started || f.NumRefs == 0 {
		return false
	}
	for _, back := range f.Refs[:f.NumRefs] {
		if !j.decoded.has(j.ids[i] - int64(back)) {
			return false
		}
	}
	return true
}

// Next says when Pop will have a frame; zero if only an arrival can tell.
func (j *JitterBuffer) Next() time.Time {
	if at := j.candidate(); at >= 0 {
		due, _ := j.due(at)
		return due
	}
	return time.Time{}
}

// due is when the i-th waiting frame should be decoded, and for how much of the
// time until then it waits for the sound.
func (j *JitterBuffer) due(i int) (due time.Time, held time.Duration) {
	ts := j.waiting[i].Timestamp
	due = j.timing.due(ts)
	if due.Before(j.came[i]) {
		due = j.came[i]
	}
	held = j.hold.after(due, ts)
	return due.Add(held), held
}

// NotBefore holds frames back for the sake of lip sync: the one captured at RTP
// time timestamp until due, and the others accordingly, but none by more than
// 200 ms. A zero due ends it.
func (j *JitterBuffer) NotBefore(timestamp uint32, due time.Time) {
	j.hold.timestamp, j.hold.due = timestamp, due
}

// Stalled says since when frames have been waiting for one that is missing;
// zero if none do.
func (j *JitterBuffer) Stalled() time.Time { return j.stalled }

// LastDecoded is the ID of the frame that Pop returned last.
func (j *JitterBuffer) LastDecoded() (id uint16, ok bool) {
	return uint16(j.last & FrameIDMask), j.started
}

// Reset forgets everything but the timing: only a keyframe is decodable next.
// The owner calls it when the decoder has failed.
func (j *JitterBuffer) Reset() {
	j.remove(len(j.waiting))
	j.started, j.decoded, j.unwrap = false, decodedSet{}, idUnwrapper{}
	j.stalled = time.Time{}
}

// Delay is how long a frame is held so that the picture moves evenly.
func (j *JitterBuffer) Delay() time.Duration { return j.timing.delay() }

// Late counts frames that came after their successors had been shown, Skipped
// those that could not be decoded.
func (j *JitterBuffer) Late() uint64 { return j.lateness }

// Skipped counts frames passed over because what they need was lost.
func (j *JitterBuffer) Skipped() uint64 { return j.skipped }

// decodedSet remembers which of the latest frames were decoded: as far back as
// a reference can reach.
type decodedSet struct {
	ids [128]int64 // ID+1 in the slot of its remainder, 0 for none
}

func (d *decodedSet) add(id int64) { d.ids[uint64(id)%128] = id + 1 }

func (d *decodedSet) has(id int64) bool { return d.ids[uint64(id)%128] == id+1 }

// idUnwrapper extends 15-bit frame IDs.
type idUnwrapper struct {
	started bool
	last    int64
}

func (u *idUnwrapper) unwrap(id uint16) int64 {
	const period = FrameIDMask + 1
	if !u.started {
		u.started = true
		u.last = int64(id) + period // room for frames before the first
		return u.last
	}
	diff := (int64(id) - u.last) & FrameIDMask
	if diff >= period/2 {
		diff -= period
	}
	v := u.last + diff
	if diff > 0 {
		u.last = v
	}
	return v
}
