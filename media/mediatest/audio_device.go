package mediatest

import (
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skulltech/prattle/media"
)

// Pace says how time passes for a device under test.
type Pace struct {
	within func(*testing.T, func(*testing.T))
	exact  bool // times can be foretold, to the microsecond
}

// Virtual is for devices that know time from package time alone: each test runs
// in a bubble of testing/synctest, at once and to the microsecond.
func Virtual() Pace { return Pace{synctest.Test, true} }

// Real is for devices with a clock of their own. When things happen is then not
// tested, only in which order.
func Real() Pace { return Pace{func(t *testing.T, f func(*testing.T)) { f(t) }, false} }

func (p Pace) run(t *testing.T, name string, f func(*testing.T)) {
	t.Run(name, func(t *testing.T) { p.within(t, f) })
}

// TestMicrophone checks that the endless microphone that spec names keeps what
// media.Microphone promises.
func TestMicrophone(t *testing.T, p Pace, spec string) {
	p.run(t, "blocks follow each other", func(t *testing.T) { testReading(t, p, spec) })
	p.run(t, "Close ends Read", func(t *testing.T) { testCloseEndsRead(t, spec) })
	p.run(t, "opened again and again", func(t *testing.T) { testReopenMicrophone(t, spec) })
}

func openMicrophone(t *testing.T, spec string) media.Microphone {
	t.Helper()
	m, err := media.OpenMicrophone(spec)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// testReading reads blocks of many lengths. The first sample of each must be heard
// when the last of the one before has just been.
func testReading(t *testing.T, p Pace, spec string) {
	m := openMicrophone(t, spec)
	defer m.Close()
	var next, last time.Time
	for i := range 60 {
		block := make([]int16, []int{480, 240, 960, 1, 777, 4800}[i%6])
		first, err := m.Read(block)
		if err != nil {
			t.Fatalf("block %d: %v", i, err)
		}
		end := first.Add(media.SampleTime(len(block)))
		switch {
		case first.IsZero():
			t.Fatalf("block %d has no time", i)
		case first.Before(last):
			t.Errorf("block %d was heard %v before the one before", i, last.Sub(first))
		case p.exact && !next.IsZero() && first.Sub(next).Abs() > time.Microsecond:
			t.Errorf("block %d was heard %v after the end of the one before, want 0", i, first.Sub(next))
		case p.exact && time.Since(end) < -time.Microsecond:
			t.Errorf("block %d was given %v before it had been heard", i, -time.Since(end))
		}
		last, next = first, end
	}
}

func testCloseEndsRead(t *testing.T, spec string) {
	m := openMicrophone(t, spec)
	if _, err := m.Read(make([]int16, 480)); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() {
		_, err := m.Read(make([]int16, 60*media.SampleRate))
		ended <- err
	}()
	time.Sleep(20 * time.Millisecond) // so that Read waits; either order is right
	if err := m.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := <-ended; err != io.EOF {
		t.Errorf("the waiting Read: %v, want EOF", err)
	}
	if _, err := m.Read(make([]int16, 480)); err != io.EOF {
		t.Errorf("Read after Close: %v, want EOF", err)
	}
	if err := m.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func testReopenMicrophone(t *testing.T, spec string) {
	for range 3 {
		m := openMicrophone(t, spec)
		if _, err := m.Read(make([]int16, 480)); err != nil {
			t.Fatal(err)
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSpeaker checks that the speaker that spec names keeps what media.Speaker
// promises.
func TestSpeaker(t *testing.T, p Pace, spec string) {
	p.run(t, "blocks follow each other", func(t *testing.T) { testPlaying(t, p, spec) })
	p.run(t, "Close ends Play", func(t *testing.T) { testCloseEndsPlay(t, spec) })
	p.run(t, "closed before it played", func(t *testing.T) { testCloseBeforePlay(t, spec) })
	p.run(t, "opened again and again", func(t *testing.T) {
		for range 3 {
			playFor(t, spec, 2, func([]int16, time.Time) {})
		}
	})
}

func openSpeaker(t *testing.T, spec string) media.Speaker {
	t.Helper()
	s, err := media.OpenSpeaker(spec)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// playFor opens a speaker, plays at least n blocks and closes it.
func playFor(t *testing.T, spec string, n int, fill func([]int16, time.Time)) {
	t.Helper()
	s := openSpeaker(t, spec)
	enough, ended := make(chan struct{}), make(chan error)
	go func() {
		filled := 0
		ended <- s.Play(func(block []int16, at time.Time) {
			fill(block, at)
			if filled++; filled == n {
				close(enough)
			}
		})
	}()
	select {
	case <-enough:
	case err := <-ended:
		t.Fatalf("Play: %v before Close", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := <-ended; err != nil {
		t.Errorf("Play: %v after Close, want nil", err)
	}
}

// testPlaying wants a second of blocks that follow each other in time, none of
// which should have been heard already.
func testPlaying(t *testing.T, p Pace, spec string) {
	const longest = 20 * media.SampleRate / 1000
	begin := time.Now()
	samples := 0
	var next, last time.Time
	playFor(t, spec, 100, func(block []int16, at time.Time) {
		if len(block) == 0 || len(block) > longest {
			t.Errorf("a block of %d samples, want 1 to %d", len(block), longest)
		}
		if at.Before(last) {
			t.Errorf("a block is to be heard %v before the one before", last.Sub(at))
		}
		if p.exact && !next.IsZero() && at.Sub(next).Abs() > time.Microsecond {
			t.Errorf("a block is to be heard %v after the end of the one before, want 0", at.Sub(next))
		}
		if p.exact && time.Since(at) > time.Microsecond {
			t.Errorf("a block should have been heard %v ago", time.Since(at))
		}
		for i := range block {
			block[i] = int16(i)
		}
		last, next = at, at.Add(media.SampleTime(len(block)))
		samples += len(block)
	})
	if ahead := media.SampleTime(samples) - time.Since(begin); p.exact && ahead.Abs() > 100*time.Millisecond {
		t.Errorf("%v of sound was asked for in %v", media.SampleTime(samples), time.Since(begin))
	}
}

func testCloseEndsPlay(t *testing.T, spec string) {
	s := openSpeaker(t, spec)
	ended := make(chan error)
	go func() { ended <- s.Play(func([]int16, time.Time) {}) }()
	time.Sleep(20 * time.Millisecond) // so that Play waits; either order is right
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if err := <-ended; err != nil {
		t.Errorf("Play: %v after Close, want nil", err)
	}
}

func testCloseBeforePlay(t *testing.T, spec string) {
	s := openSpeaker(t, spec)
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := s.Play(func([]int16, time.Time) { t.Error("a closed speaker asked for sound") }); err != nil {
		t.Errorf("Play: %v after Close, want nil", err)
	}
}
