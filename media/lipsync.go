package media

import "time"

// LipSync keeps the sound and the pictures of one person together. It learns when
// either is captured, from its sender's reports, and when it is heard or shown; it
// says how long the earlier of the two should wait for the later one. It is sans-IO
// and has one owner.
//
// Delay comes before precision: nothing waits while the two are less than
// lipTolerance apart, which nobody can tell, and no longer than until they are so
// near. Who must wait begins to do so little by little, so that neither motion nor
// speech shows it.
//
// A lag is the local time at which something is heard or shown less the time of its
// capture on the sender's clock. The zeros of the two clocks are anybody's guess,
// but the same for both lags: only their difference means anything.
type LipSync struct {
	epoch   time.Time // zero of local times
	sound   mediaLag
	picture mediaLag
	skew    time.Duration // smoothed
	skewed  bool          // skew was measured
	steps   time.Time     // when the floors were moved last
	frames  int           // shown since the first
}

// ClockReading ties the RTP time of one kind of media to its sender's clock, as an
// RTCP sender report does (RFC 3550 section 6.4.1): what has RTP time Timestamp was
// captured at Captured, whose zero is the same for all that its sender sends.
type ClockReading struct {
	Timestamp uint32
	Captured  time.Duration
}

const (
	// lipTolerance is how far sound and picture may be apart: half of what careful
	// viewers notice (ITU-R BT.1359: sound 45 ms early), since single pictures and
	// the delay of screens vary as much.
	lipTolerance = 25 * time.Millisecond
	// pictureSlew and soundSlew are by how much the wait may change in a second:
	// motion a tenth slower or faster is not seen; of speech, pauses suffice to
	// stretch so much.
	pictureSlew = 100 * time.Millisecond
	soundSlew   = 40 * time.Millisecond
	// lipHurry is by how much faster a wait ends that has lost its reason and keeps the
	// two further apart than lipTolerance: sound can be squeezed faster than that.
	lipHurry = 3
	// lipStep is the least time between two changes of the wait.
	lipStep = 10 * time.Millisecond
	// lipPatience is after how long without sound or pictures they are gone.
	lipPatience = time.Second
	// settlingFrames is how many pictures pass before sound waits for any: the first
	// are late for their size.
	settlingFrames = 60
	// lagStep bounds what one observation says, so that a frozen picture teaches
	// little.
	lagStep = 50 * time.Millisecond
)

// mediaLag is the lag of one kind of media.
type mediaLag struct {
	clock ClockReading
	known bool      // clock
	seen  time.Time // when it was last heard or shown; zero: never

	lag   time.Duration // without what it waits for the other kind
	floor time.Duration // the lag below which it waits
	begun bool          // floor has a value
}

// NewLipSync makes a LipSync at now.
func NewLipSync(now time.Time) *LipSync { return &LipSync{epoch: now} }

// SetSoundClock takes the latest reading for sound; RTP time runs at 48 kHz.
func (s *LipSync) SetSoundClock(r ClockReading) { s.sound.clock, s.sound.known = r, true }

// SetPictureClock takes the latest reading for pictures; RTP time runs at 90 kHz.
func (s *LipSync) SetPictureClock(r ClockReading) { s.picture.clock, s.picture.known = r, true }

// HandleHeard notes that the sample with that RTP time is heard at at.
func (s *LipSync) HandleHeard(at time.Time, timestamp uint32) {
	if m := &s.sound; m.known {
		m.set(at, s.lagOf(m, at, SampleTime(int(int32(timestamp-m.clock.Timestamp)))))
	}
}

// HandleShown notes that the picture with that RTP time is shown at at, after it was
// held back for the sake of its sound for so long.
func (s *LipSync) HandleShown(at time.Time, timestamp uint32, held time.Duration) {
	m := &s.picture
	if !m.known {
		return
	}
	shown := s.lagOf(m, at, pictureTime(int32(timestamp-m.clock.Timestamp)))
	m.learn(at, shown-held)
	s.frames++
	if !s.sound.fresh(at) {
		s.skewed = false
		return
	}
	skew := s.sound.lag - shown
	if !s.skewed {
		s.skew, s.skewed = skew, true
	}
	s.skew += (skew - s.skew) / 16
}

// lagOf is the lag of what was captured so long after the clock reading and is
// heard or shown at at.
func (s *LipSync) lagOf(m *mediaLag, at time.Time, after time.Duration) time.Duration {
	return at.Sub(s.epoch) - m.clock.Captured - after
}

// set replaces the lag by what was observed exactly.
func (m *mediaLag) set(at time.Time, lag time.Duration) { m.lag, m.seen = lag, at }

// learn takes one of many lags that vary. Pictures that repair has made late must
// not make all others late: what comes early counts for more.
func (m *mediaLag) learn(at time.Time, lag time.Duration) {
	diff := lag - m.lag
	switch {
	case m.seen.IsZero():
		m.lag = lag
	case diff < 0:
		m.lag += max(diff, -lagStep) / 8
	default:
		m.lag += min(diff, lagStep) / 32
	}
	m.seen = at
}

func (m *mediaLag) fresh(now time.Time) bool {
	return m.known && !m.seen.IsZero() && now.Sub(m.seen) < lipPatience
}

// Advance decides anew who has to wait.
func (s *LipSync) Advance(now time.Time) {
	dt := now.Sub(s.steps)
	if dt < lipStep {
		return
	}
	s.steps = now
	dt = min(dt, lipPatience)
	sound, picture := s.sound.fresh(now), s.picture.fresh(now)
	if picture {
		s.picture.approach(s.sound.lag-lipTolerance, sound, slewed(pictureSlew, dt))
	}
	if sound {
		s.sound.approach(s.picture.lag-lipTolerance, picture && s.frames > settlingFrames, slewed(soundSlew, dt))
	}
}

func slewed(perSecond, dt time.Duration) time.Duration {
	return time.Duration(float64(perSecond) * dt.Seconds())
}

// approach moves the floor towards want, if anything is wanted, by at most step.
// What lies below the lag has no effect and takes no time.
func (m *mediaLag) approach(want time.Duration, wanted bool, step time.Duration) {
	if !wanted {
		want = m.lag - lipTolerance
	}
	if !m.begun {
		m.floor, m.begun = min(want, m.lag), true
	}
	fall := step
	if wanted && m.floor > want+2*lipTolerance {
		fall *= lipHurry
	}
	m.floor = min(max(want, m.floor-fall), max(m.floor, m.lag)+step)
}

// Picture says when the picture captured at RTP time timestamp should be shown at
// the earliest, and so when all others; due is zero while that is not known.
func (s *LipSync) Picture() (timestamp uint32, due time.Time) { return s.due(&s.picture) }

// Sound says the same of sound.
func (s *LipSync) Sound() (timestamp uint32, due time.Time) { return s.due(&s.sound) }

func (s *LipSync) due(m *mediaLag) (timestamp uint32, due time.Time) {
	if !m.begun {
		return 0, time.Time{}
	}
	return m.clock.Timestamp, s.epoch.Add(m.clock.Captured + m.floor)
}

// Skew is by how much sound is heard later than the picture that belongs to it is
// seen, smoothed over half a second; negative if it is earlier. It is not ok unless
// both come.
func (s *LipSync) Skew(now time.Time) (skew time.Duration, ok bool) {
	return s.skew, s.skewed && s.sound.fresh(now) && s.picture.fresh(now)
}
