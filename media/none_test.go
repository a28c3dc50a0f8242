package media

import (
	"io"
	"testing"
	"testing/synctest"
	"time"
)

func TestNothingWaitsForClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		camera, err := OpenCamera("none", PictureConfig{})
		if err != nil {
			t.Fatal(err)
		}
		mic, err := OpenMicrophone("none")
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 2)
		go func() { ended <- camera.Capture(new(Frame)) }()
		go func() {
			_, err := mic.Read(make([]int16, 480))
			ended <- err
		}()
		time.Sleep(time.Hour)
		if len(ended) > 0 {
			t.Error("something came from nothing")
		}
		for range 2 {
			camera.Close()
			mic.Close()
		}
		for range 2 {
			if err := <-ended; err != io.EOF {
				t.Errorf("after Close: %v, want EOF", err)
			}
		}
	})
}

func TestNoSpeakerRunsAtThePaceOfSound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := OpenSpeaker("none")
		if err != nil {
			t.Fatal(err)
		}
		n, ended := 0, make(chan error)
		go func() { ended <- s.Play(func(block []int16, _ time.Time) { n += len(block) }) }()
		time.Sleep(10*time.Second - time.Millisecond)
		s.Close()
		if err := <-ended; err != nil || n != 10*SampleRate {
			t.Errorf("%d samples in 10 s (%v), want %d", n, err, 10*SampleRate)
		}
	})
}
