package media_test

import (
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/media/mediatest"
)

func TestToneConformance(t *testing.T) {
	mediatest.TestMicrophone(t, mediatest.Virtual(), "tone")
}

func TestToneSoundsInTheMiddleOfTheSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(700 * time.Millisecond)
		m := openTone(t)
		defer m.Close()
		second := make([]int16, media.SampleRate)
		if _, err := m.Read(second); err != nil { // to the next whole second and 0.7 s on
			t.Fatal(err)
		}
		at := func(from, to time.Duration) []int16 {
			return second[media.SamplesIn(300*time.Millisecond+from):media.SamplesIn(300*time.Millisecond+to)]
		}
		if f := mediatest.Frequency(at(200*time.Millisecond, 600*time.Millisecond)); math.Abs(f-440) > 0.5 {
			t.Errorf("the tone has %.2f Hz, want 440", f)
		}
		if l := mediatest.Loudness(at(450*time.Millisecond, 550*time.Millisecond)); l < 0.02 || l > 0.05 {
			t.Errorf("the tone has loudness %.3f, want a quiet 0.02 to 0.05", l)
		}
		if l := mediatest.Loudness(at(0, 2*time.Millisecond)); l < 0.2 {
			t.Errorf("the tick has loudness %.3f, want 0.2 or more", l)
		}
		if l := mediatest.Loudness(at(-50*time.Millisecond, 0)); l != 0 {
			t.Errorf("before the tick there is loudness %.3f, want silence", l)
		}
	})
}

// TestToneTicks finds the ticks in what a slow reader gets: each at a whole second
// of the clock, to the sample, after a day as well.
func TestToneTicks(t *testing.T) {
	for _, began := range []time.Duration{0, 123456789, 999999999} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(began)
			m := openTone(t)
			defer m.Close()
			var d media.ClickDetector
			block := make([]int16, 480)
			found := 0
			listen := func(blocks int) {
				for range blocks {
					first, err := m.Read(block)
					if err != nil {
						t.Fatal(err)
					}
					for _, onset := range d.Push(first, block) {
						found++
						off := media.ClickLatency(onset.Add(time.Millisecond)) - time.Millisecond
						if off.Abs() > 200*time.Microsecond {
							t.Errorf("begun after %v: tick at %v, off by %v", began, onset, off)
						}
					}
				}
			}
			listen(1050)
			time.Sleep(26*time.Hour + 345*time.Millisecond) // nobody listens
			listen(1050)
			if found < 20 || found > 22 {
				t.Errorf("begun after %v: %d ticks in 21 s", began, found)
			}
		})
	}
}

// TestToneIsLostUnread: who comes late gets what sounds now.
func TestToneIsLostUnread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := openTone(t)
		defer m.Close()
		block := make([]int16, 480)
		for _, late := range []time.Duration{0, 150 * time.Millisecond, 5 * time.Second} {
			time.Sleep(late)
			first, err := m.Read(block)
			if err != nil {
				t.Fatal(err)
			}
			if age := time.Since(first); age > 210*time.Millisecond {
				t.Errorf("read %v late: the sound is %v old", late, age)
			}
		}
	})
}

func TestToneTakesNoArgument(t *testing.T) {
	if _, err := media.OpenMicrophone("tone:440"); err == nil || errors.Is(err, media.ErrNoDevice) {
		t.Errorf("tone:440: %v, want an error about the argument", err)
	}
}

func openTone(t *testing.T) media.Microphone {
	t.Helper()
	m, err := media.OpenMicrophone("tone")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAddTicks(t *testing.T) {
	first := time.Unix(10, 0).Add(-5 * time.Millisecond)
	block := make([]int16, media.SampleRate/50)
	media.AddTicks(block, first)
	at := media.SampleRate * 5 / 1000
	for i, v := range block[:at] {
		if v != 0 {
			t.Fatalf("sample %d before the second is %d", i, v)
		}
	}
	if block[at] < 10000 {
		t.Errorf("on the second it is %d: no tick", block[at])
	}
	loud := []int16{32767, 32767}
	media.AddTicks(loud, time.Unix(10, 0))
	if loud[0] != 32767 {
		t.Errorf("a tick on loud sound wrapped to %d", loud[0])
	}
}
