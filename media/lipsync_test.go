package media

import (
	"testing"
	"time"
)

// lipStory is a call in virtual time: pictures at 30 a second and sound in blocks of
// 10 ms, each captured when the story says and ready to be shown or heard after its
// own delay. The jitter buffer and the playout are ideal ones: they wait as they are
// told, at once.
type lipStory struct {
	s       *LipSync
	begin   time.Time
	sound   func(at time.Duration) time.Duration // from capture until it could be heard
	picture func(at time.Duration) time.Duration // from capture until it could be shown
	mute    func(at time.Duration) bool          // sound does not come
	hold    pictureHold

	worst      time.Duration // skew of pictures shown since the last look
	held       time.Duration // of the last picture
	waited     time.Duration // of the last sound
	pace       time.Duration // largest change of held from one picture to the next
	maxHeld    time.Duration
	maxWaited  time.Duration
	shown, now time.Duration
}

// senderEpoch is the zero of the sender's clock in ours: as far off as it likes.
const senderEpoch = -3 * time.Hour

const (
	soundBase   = 4294900000 // RTP time of what is captured at the beginning: wraps soon
	pictureBase = 4294800000
)

func steadyDelay(d time.Duration) func(time.Duration) time.Duration {
	return func(time.Duration) time.Duration { return d }
}

func newLipStory() *lipStory {
	begin := time.Unix(1e9, 0)
	st := &lipStory{
		begin: begin, s: NewLipSync(begin),
		sound: steadyDelay(22 * time.Millisecond), picture: steadyDelay(18 * time.Millisecond),
		mute: func(time.Duration) bool { return false },
	}
	st.report(0)
	return st
}

// report gives the sender's clock as a report written at at would.
func (st *lipStory) report(at time.Duration) {
	st.s.SetSoundClock(ClockReading{uint32(soundBase + SamplesIn(at)), at - senderEpoch})
	st.s.SetPictureClock(ClockReading{uint32(pictureBase + int(at*pictureRate/time.Second)), at - senderEpoch})
}

// run lets so much time pass, with a report each second.
func (st *lipStory) run(d time.Duration) {
	for end := st.now + d; st.now < end; st.now += 10 * time.Millisecond {
		if st.now%time.Second == 0 {
			st.report(st.now)
		}
		if !st.mute(st.now) {
			st.hear()
		}
		for st.shown <= st.now-st.picture(st.shown)-st.waits(st.shown) {
			st.show()
		}
		st.s.Advance(st.begin.Add(st.now))
	}
}

func (st *lipStory) waits(captured time.Duration) time.Duration {
	st.hold.timestamp, st.hold.due = st.s.Picture()
	ts := uint32(pictureBase + int(captured*pictureRate/time.Second))
	return st.hold.after(st.begin.Add(captured+st.picture(captured)), ts)
}

// hear plays what is due now: as late as LipSync wants, within what a Playout does.
func (st *lipStory) hear() {
	natural := st.sound(st.now)
	lag := natural
	if ts, due := st.s.Sound(); !due.IsZero() {
		captured := SampleTime(int(int32(ts - uint32(soundBase&0xffffffff))))
		lag = max(lag, min(due.Sub(st.begin)-captured, natural+SampleTime(maxSoundHold)))
	}
	st.waited, st.maxWaited = lag-natural, max(st.maxWaited, lag-natural)
	st.s.HandleHeard(st.begin.Add(st.now), uint32(soundBase+SamplesIn(st.now-lag)))
}

func (st *lipStory) show() {
	held := st.waits(st.shown)
	at := st.shown + st.picture(st.shown) + held
	ts := uint32(pictureBase + int(st.shown*pictureRate/time.Second))
	st.s.HandleShown(st.begin.Add(at), ts, held)
	if !st.mute(st.now) {
		skew := st.sound(st.now) + st.waited - (at - st.shown)
		st.worst = max(st.worst, skew.Abs())
	}
	st.pace = max(st.pace, (held - st.held).Abs())
	st.held, st.maxHeld = held, max(st.maxHeld, held)
	st.shown += time.Second / 30
}

func TestLipSync(t *testing.T) {
	for _, c := range []struct {
		name           string
		sound, picture time.Duration
		skew           time.Duration // at the end, at most
		held, waited   time.Duration // at the end, within 5 ms
	}{
		{"as in a good call", 22 * ms, 18 * ms, 5 * ms, 0, 0},
		{"tolerable", 44 * ms, 22 * ms, 23 * ms, 0, 0},
		{"sound late", 140 * ms, 25 * ms, 30 * ms, 90 * ms, 0},
		{"sound very late", 220 * ms, 20 * ms, 30 * ms, 175 * ms, 0},
		{"sound later than pictures may wait", 400 * ms, 25 * ms, 176 * ms, 200 * ms, 0},
		{"picture tolerably late", 25 * ms, 43 * ms, 20 * ms, 0, 0},
		{"picture late", 25 * ms, 90 * ms, 30 * ms, 0, 40 * ms},
		{"picture later than sound may wait", 25 * ms, 170 * ms, 66 * ms, 0, 80 * ms},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := newLipStory()
			st.sound, st.picture = steadyDelay(c.sound), steadyDelay(c.picture)
			st.run(10 * time.Second)
			st.worst = 0
			st.run(5 * time.Second)
			if st.worst > c.skew {
				t.Errorf("skew up to %v, want %v", st.worst, c.skew)
			}
			if (st.held-c.held).Abs() > 5*ms || (st.waited-c.waited).Abs() > 5*ms {
				t.Errorf("pictures wait %v, sound %v; want %v and %v", st.held, st.waited, c.held, c.waited)
			}
			skew, ok := st.s.Skew(st.begin.Add(st.now))
			want := c.sound + st.waited - c.picture - st.held
			if !ok || (skew-want).Abs() > 2*ms {
				t.Errorf("skew is measured as %v (%v), is %v", skew, ok, want)
			}
			if st.pace > pictureSlew/30+pictureSlew/100 {
				t.Errorf("the wait of pictures changed by %v from one to the next", st.pace)
			}
		})
	}
}

// TestLipSyncFollows: sound that becomes later is followed before anybody notices, and
// both come as early as before when it is over.
func TestLipSyncFollows(t *testing.T) {
	st := newLipStory()
	const rise, fall, most = 80 * time.Millisecond, 400 * time.Millisecond, 160 * time.Millisecond // a second, in all
	st.sound = func(at time.Duration) time.Duration {
		late := time.Duration(max(0, (at-5*time.Second).Seconds()) * float64(rise))
		if at > 15*time.Second {
			late = max(0, most-time.Duration((at-15*time.Second).Seconds()*float64(fall)))
		}
		return 22*time.Millisecond + min(late, most)
	}
	st.run(14 * time.Second)
	if st.worst > 40*time.Millisecond {
		t.Errorf("skew up to %v", st.worst)
	}
	st.run(16 * time.Second)
	if st.maxWaited > time.Millisecond {
		t.Errorf("sound waited %v for pictures that waited for it", st.maxWaited)
	}
	if st.maxHeld < most-30*time.Millisecond || st.held != 0 {
		t.Errorf("pictures waited up to %v and in the end %v", st.maxHeld, st.held)
	}
}

// TestLipSyncHurries: sound that catches up fast does not leave its pictures behind.
func TestLipSyncHurries(t *testing.T) {
	st := newLipStory()
	const late, catchUp = 160 * time.Millisecond, 200 * time.Millisecond // in all, a second
	st.sound = func(at time.Duration) time.Duration {
		squeezed := time.Duration(max(0, (at-10*time.Second).Seconds()) * float64(catchUp))
		return 22*time.Millisecond + max(0, late-squeezed)
	}
	st.run(10 * time.Second)
	st.worst = 0
	st.run(5 * time.Second)
	if st.worst > 40*time.Millisecond {
		t.Errorf("skew up to %v", st.worst)
	}
	if st.held != 0 {
		t.Errorf("pictures wait %v in the end", st.held)
	}
}

func TestLipSyncEndsWithTheSound(t *testing.T) {
	st := newLipStory()
	st.sound = steadyDelay(150 * time.Millisecond)
	st.mute = func(at time.Duration) bool { return at > 10*time.Second }
	st.run(10 * time.Second)
	if st.held < 100*time.Millisecond {
		t.Fatalf("pictures wait %v for sound that is 130 ms later", st.held)
	}
	st.run(5 * time.Second)
	if st.held != 0 {
		t.Errorf("pictures wait %v for sound that does not come", st.held)
	}
	if _, ok := st.s.Skew(st.begin.Add(st.now)); ok {
		t.Error("a skew is measured without sound")
	}
	if st.pace > pictureSlew/30+pictureSlew/100 {
		t.Errorf("the wait of pictures changed by %v from one to the next", st.pace)
	}
}

// TestLipSyncIgnoresSinglePictures: what repair makes late now and then does not make
// sound wait.
func TestLipSyncIgnoresSinglePictures(t *testing.T) {
	st := newLipStory()
	st.picture = func(captured time.Duration) time.Duration {
		if captured/(time.Second/30)%4 == 0 {
			return 140 * time.Millisecond
		}
		return 44 * time.Millisecond
	}
	st.run(20 * time.Second)
	if st.maxWaited > 5*time.Millisecond {
		t.Errorf("sound waited %v", st.maxWaited)
	}
}

func TestLipSyncKnowsNothing(t *testing.T) {
	now := time.Unix(1e9, 0)
	s := NewLipSync(now)
	for range 100 {
		now = now.Add(20 * time.Millisecond)
		s.HandleHeard(now, 12345)
		s.HandleShown(now, 999, 0)
		s.Advance(now)
	}
	_, picture := s.Picture()
	_, sound := s.Sound()
	if _, ok := s.Skew(now); ok || !picture.IsZero() || !sound.IsZero() {
		t.Errorf("without reports: pictures due %v, sound due %v, skew %v", picture, sound, ok)
	}
}
