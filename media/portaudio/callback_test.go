//go:build cgo && unix

package portaudio

import (
	"errors"
	"io"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skulltech/prattle/media"
)

// The tests of this file stand in for the device: they do what it calls for.

// gong is a bell in virtual time.
type gong chan struct{}

func newGong() gong { return make(gong, 1) }

func (g gong) Wait(limit time.Duration) error {
	select {
	case <-g:
		return nil
	case <-time.After(limit):
		return os.ErrDeadlineExceeded
	}
}

func (g gong) File() uintptr { return 0 }
func (g gong) Silence()      { close(g) }
func (g gong) Close()        {}

// ring rings the bell if it is due.
func (s *stream) ring() {
	if s.due() {
		s.bell.(gong) <- struct{}{} // rung twice for one wish, this blocks
	}
}

// hear is a device's call: it has heard samples that began so long ago.
func (m *microphone) hear(in []int16, ago time.Duration) {
	m.heard(in, time.Since(m.epoch)-ago)
	m.ring()
}

// play is a device's call: it wants samples that will be heard in so long.
func (s *speaker) play(out []int16, in time.Duration) {
	n, at := len(out)/int(s.c.channels), time.Since(s.epoch)+in
	got := s.give(out, n, 0)
	for until := time.Now().Add(in / 3); s.c.settled != 0 && got < n && time.Now().Before(until); {
		s.ring()
		time.Sleep(time.Millisecond / 4)
		got = s.give(out, n, got)
	}
	s.given(out, n, got, at)
	s.ring()
}

// ramp is n samples that count up from first.
func ramp(first, n int) []int16 {
	out := make([]int16, n)
	for i := range out {
		out[i] = int16(first + i)
	}
	return out
}

func TestReadGivesWhatWasHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMicrophone(newGong())
		begin := time.Now()
		go func() {
			for i := range 20 {
				time.Sleep(media.SampleTime(blockSize))
				m.hear(ramp(i*blockSize, blockSize), media.SampleTime(blockSize))
			}
		}()
		for i := range 5 {
			block := make([]int16, 700)
			first, err := m.Read(block)
			if err != nil {
				t.Fatal(err)
			}
			if want := ramp(i*700, 700); !slices.Equal(block, want) {
				t.Fatalf("read %d: begins with %d and ends with %d, want %d and %d", i, block[0], block[699], want[0], want[699])
			}
			if want := begin.Add(media.SampleTime(i * 700)); first.Sub(want).Abs() > time.Microsecond {
				t.Errorf("read %d: first sample heard at %v, want %v", i, first.Sub(begin), want.Sub(begin))
			}
		}
		time.Sleep(time.Second)
	})
}

// TestReadAfterAbsence: who was away gets what is heard now, at the right time.
func TestReadAfterAbsence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMicrophone(newGong())
		hear := func(i int) {
			time.Sleep(media.SampleTime(blockSize))
			m.hear(ramp(i, blockSize), media.SampleTime(blockSize))
		}
		block := make([]int16, blockSize)
		go hear(1)
		if _, err := m.Read(block); err != nil {
			t.Fatal(err)
		}
		for range 400 { // 2 s
			hear(2)
		}
		now := time.Now()
		go hear(3)
		first, err := m.Read(block)
		if err != nil {
			t.Fatal(err)
		}
		if block[0] != 3 {
			t.Errorf("got stale sound: block %d, want 3", block[0])
		}
		if first.Sub(now).Abs() > time.Millisecond {
			t.Errorf("first sample heard %v after the absence, want 0", first.Sub(now))
		}
		if want := int64(400*blockSize - ringSize/blockSize*blockSize); m.Lost() != want {
			t.Errorf("lost %d samples, want %d", m.Lost(), want)
		}
	})
}

func TestStereoMicrophone(t *testing.T) {
	m := newMicrophone(newGong())
	m.c.channels = 2
	m.started = true
	m.hear([]int16{10, 20, -32768, -32768, 32767, 32767, 5, -6}, 0)
	got := make([]int16, 4)
	if _, err := m.Read(got); err != nil || !slices.Equal(got, []int16{15, -32768, 32767, 0}) {
		t.Errorf("mixed down: %v (%v)", got, err)
	}
}

func TestSilentDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		if _, err := newMicrophone(newGong()).Read(make([]int16, 480)); !errors.Is(err, errSilent) {
			t.Errorf("Read: %v, want %v", err, errSilent)
		}
		if err := newSpeaker(newGong()).keepFilled(func([]int16, time.Time) {}); !errors.Is(err, errSilent) {
			t.Errorf("Play: %v, want %v", err, errSilent)
		}
		if took := time.Since(begin); took != 2*patience {
			t.Errorf("both took %v, want %v", took, 2*patience)
		}
	})
}

func TestClosedStream(t *testing.T) {
	m := newMicrophone(newGong())
	m.put(ramp(0, 480))
	m.Close()
	if _, err := m.Read(make([]int16, 480)); err != io.EOF {
		t.Errorf("Read: %v, want EOF", err)
	}
}

// TestPlayKeepsABlockReady plays a ramp through a device that asks for a block
// each 5 ms, after it has filled its own buffers.
func TestPlayKeepsABlockReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSpeaker(newGong())
		next := 1
		done := make(chan error)
		var ats []time.Time
		go func() {
			done <- s.keepFilled(func(block []int16, at time.Time) {
				copy(block, ramp(next, len(block)))
				next += len(block)
				ats = append(ats, at)
			})
		}()
		out := make([]int16, blockSize)
		var heard []int16
		for range 3 { // priming
			s.play(out, 10*time.Millisecond)
		}
		begin := time.Now()
		for range 100 {
			time.Sleep(media.SampleTime(blockSize))
			s.play(out, 10*time.Millisecond)
			heard = append(heard, out...)
		}
		synctest.Wait()
		s.Close()
		if err := <-done; err != io.EOF {
			t.Errorf("after Close: %v, want EOF", err)
		}
		if !slices.Equal(heard, ramp(1, len(heard))) {
			t.Error("the device did not hear the ramp")
		}
		if s.Underruns() != 0 {
			t.Errorf("%d underruns, want 0", s.Underruns())
		}
		last := len(ats) - 2 // the last one was never asked for
		if got, want := ats[last].Sub(begin), media.SampleTime(100*blockSize)+10*time.Millisecond; (got - want).Abs() > time.Millisecond {
			t.Errorf("the last block was to be heard after %v, want %v", got, want)
		}
	})
}

// TestBursts: a device that takes four blocks at a time, each 20 ms.
func TestBursts(t *testing.T) {
	for _, test := range []struct {
		name        string
		fillTakes   time.Duration // for a block
		ahead       time.Duration // what the device still has to play when it asks
		wantCushion int
	}{
		{"a quick fill keeps up within the burst", 0, 15 * time.Millisecond, 1},
		{"a slow one must have prepared it", 2 * time.Millisecond, 3 * time.Millisecond, 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { testBursts(t, test.fillTakes, test.ahead, test.wantCushion) })
		})
	}
}

func testBursts(t *testing.T, fillTakes, ahead time.Duration, wantCushion int) {
	s := newSpeaker(newGong())
	done := make(chan error)
	go func() {
		done <- s.keepFilled(func([]int16, time.Time) { time.Sleep(fillTakes) })
	}()
	play := func(bursts int) {
		for range bursts {
			time.Sleep(media.SampleTime(4 * blockSize))
			for range 4 {
				s.play(make([]int16, blockSize), ahead)
			}
		}
	}
	play(50)
	if s.cushion.size() != wantCushion {
		t.Errorf("a cushion of %d blocks, want %d", s.cushion.size(), wantCushion)
	}
	before := s.Underruns()
	if before == 0 && wantCushion > 1 {
		t.Error("the cushion grew without need")
	}
	play(100)
	if s.Underruns() != before {
		t.Errorf("%d underruns after the cushion had grown, want none", s.Underruns()-before)
	}
	s.Close()
	<-done
}

func TestStereoSpeaker(t *testing.T) {
	s := newSpeaker(newGong())
	s.c.channels = 2
	s.put([]int16{1, 2})
	out := make([]int16, 6)
	s.play(out, 0)
	if want := []int16{1, 1, 2, 2, 0, 0}; !slices.Equal(out, want) {
		t.Errorf("got %v, want %v", out, want)
	}
}
