package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// counting is n samples that tell their index.
func counting(n int) []int16 {
	out := make([]int16, n)
	for i := range out {
		out[i] = int16(i)
	}
	return out
}

func openTestWAV(t *testing.T, path string) Microphone {
	t.Helper()
	m, err := OpenMicrophone("file:" + path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func TestWAVMicrophoneSpeaksInRealTime(t *testing.T) {
	path := writeTemp(t, "clip.wav", wavBytes(1, SampleRate, counting(1000)...))
	synctest.Test(t, func(t *testing.T) {
		m := openTestWAV(t, path)
		start, sample := time.Now(), 0
		for range 400 {
			block := make([]int16, 480)
			first, err := m.Read(block)
			if err != nil {
				t.Fatal(err)
			}
			if want := start.Add(SampleTime(sample)); !first.Equal(want) {
				t.Errorf("sample %d was heard after %v, want %v", sample, first.Sub(start), want.Sub(start))
			}
			if got, want := time.Since(start), SampleTime(sample+480); got != want {
				t.Errorf("sample %d was given after %v, want %v", sample, got, want)
			}
			for i, v := range block {
				if want := int16((sample + i) % 1000); v != want {
					t.Fatalf("sample %d is %d, want %d", sample+i, v, want)
				}
			}
			sample += len(block)
			time.Sleep(7 * time.Millisecond)
		}
	})
}

func TestWAVMicrophoneLosesWhatALateCallerMissed(t *testing.T) {
	path := writeTemp(t, "clip.wav", wavBytes(1, SampleRate, counting(1000)...))
	synctest.Test(t, func(t *testing.T) {
		m := openTestWAV(t, path)
		block := make([]int16, 480)
		start, sample := time.Now(), 0
		for _, tt := range []struct {
			late time.Duration
			lost int // samples
		}{
			{0, 0},
			{100 * time.Millisecond, 0}, // there is room for so much
			{0, 0},
			{time.Second, 48000 + 4800 - 3*480}, // and for this there is none
			{0, 0},
		} {
			time.Sleep(tt.late)
			first, err := m.Read(block)
			if err != nil {
				t.Fatal(err)
			}
			sample += tt.lost
			if got := SamplesIn(first.Sub(start)); got != sample || block[0] != int16(sample%1000) {
				t.Errorf("late by %v: sample %d is %d, want %d to be %d", tt.late, got, block[0], sample, sample%1000)
			}
			sample += len(block)
		}
	})
}

func TestWAVMicrophoneOpenErrors(t *testing.T) {
	if _, err := OpenMicrophone("file:" + filepath.Join(t.TempDir(), "none.wav")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v, want ErrNotExist", err)
	}
	path := writeTemp(t, "clip.wav", []byte("ID3 a song"))
	if _, err := OpenMicrophone("file:" + path); !errors.Is(err, errBadWAV) || !strings.Contains(err.Error(), path) {
		t.Errorf("no sound file: %v", err)
	}
	m := openTestWAV(t, writeTemp(t, "empty.wav", wavBytes(1, 44100)))
	if _, err := m.Read(make([]int16, 480)); !errors.Is(err, errBadWAV) {
		t.Errorf("an empty file: %v", err)
	}
}

// playWAV plays counting samples for d of virtual time with fill doing what it
// likes in addition, and returns the file as it is before and after Close.
func playWAV(t *testing.T, d time.Duration, fill func(n int)) (before, after []byte) {
	path := filepath.Join(t.TempDir(), "out.wav")
	read := func() []byte {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	synctest.Test(t, func(t *testing.T) {
		s, err := OpenSpeaker("file:" + path)
		if err != nil {
			t.Fatal(err)
		}
		start, n, ended := time.Now(), 0, make(chan error)
		go func() {
			ended <- s.Play(func(block []int16, at time.Time) {
				if want := start.Add(SampleTime(n)); !at.Equal(want) {
					t.Errorf("sample %d is heard after %v, want %v", n, at.Sub(start), want.Sub(start))
				}
				for i := range block {
					block[i] = int16(n + i)
				}
				fill(n)
				n += len(block)
			})
		}()
		time.Sleep(d)
		synctest.Wait()
		before = read()
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if err := <-ended; err != nil {
			t.Errorf("Play: %v", err)
		}
		after = read()
	})
	return before, after
}

// checkWAV wants a whole file of counting samples, and returns how many.
func checkWAV(t *testing.T, file []byte) int {
	t.Helper()
	h, err := parseWAV(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	want := wavHeader{1, SampleRate, wavHeaderSize, h.length}
	if h != want || int(binary.LittleEndian.Uint32(file[4:]))+8 != wavHeaderSize+int(h.length) {
		t.Errorf("header %+v, want %+v", h, want)
	}
	if have := len(file) - wavHeaderSize; int(h.length) > have {
		t.Fatalf("the header says %d bytes of %d", h.length, have)
	}
	for i := range int(h.length) / 2 {
		if v := int16(binary.LittleEndian.Uint16(file[wavHeaderSize+2*i:])); v != int16(i) {
			t.Fatalf("sample %d is %d", i, v)
		}
	}
	return int(h.length) / 2
}

func TestWAVSpeakerTakesSoundInRealTime(t *testing.T) {
	before, after := playWAV(t, 2345*time.Millisecond, func(int) {})
	// Killed at this moment, the file is a good one of a second or more.
	if n := checkWAV(t, before); n < 2*SampleRate {
		t.Errorf("%d samples are announced after 2.345 s, want 2 s at least", n)
	}
	if n, want := checkWAV(t, after), SamplesIn(2350*time.Millisecond); n != want {
		t.Errorf("%d samples in the end, want %d", n, want)
	}
}

func TestWAVSpeakerCatchesUp(t *testing.T) {
	_, after := playWAV(t, 2*time.Second-time.Millisecond, func(n int) {
		if n == 4800 {
			time.Sleep(700 * time.Millisecond)
		}
	})
	if n, want := checkWAV(t, after), 2*SampleRate; n != want {
		t.Errorf("%d samples in the end, want %d", n, want)
	}
}

func TestWAVSpeakerErrors(t *testing.T) {
	if _, err := OpenSpeaker("file:" + filepath.Join(t.TempDir(), "no", "such.wav")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v, want ErrNotExist", err)
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no /dev/full here")
	}
	s := &wavSpeaker{blocks: newMetronome(tempo{1000, 1}), file: full}
	if err := s.Play(func([]int16, time.Time) {}); err == nil || err == io.EOF {
		t.Errorf("Play to a full disk: %v, want an error", err)
	}
}
