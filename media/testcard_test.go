package media

import (
	"math"
	"testing"
	"testing/synctest"
	"time"
)

func TestTestCameraKeepsTimeAndStamps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := OpenCamera("test", PictureConfig{Width: 320, Height: 180, FPS: 24})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		time.Sleep(time.Second) // before the first picture nothing is late
		start := time.Now()
		var f Frame
		for n := range uint64(50) {
			if err := c.Capture(&f); err != nil {
				t.Fatal(err)
			}
			if want := start.Add(tempo{24, 1}.offset(n)); f.N != n || !f.Captured.Equal(want) || !time.Now().Equal(want) {
				t.Errorf("picture %d after %v, want %d after %v", f.N, f.Captured.Sub(start), n, want.Sub(start))
			}
			gotN, at, ok := ReadStamp(&f)
			if !ok || gotN != n || !at.Equal(f.Captured.Truncate(time.Microsecond)) {
				t.Errorf("picture %d of %v is stamped %d, %v, %v", n, f.Captured, gotN, at, ok)
			}
		}
		time.Sleep(time.Second)
		if err := c.Capture(&f); err != nil || f.N != 73 {
			t.Errorf("a second late: picture %d (%v), want 73", f.N, err)
		}
	})
}

func TestTestCardMoves(t *testing.T) {
	card := newTestCard(320, 180, 30, 0)
	var a, b Frame
	card.draw(&a, 0, stampTime)
	for n := uint64(1); n < 300; n++ {
		card.draw(&b, n, stampTime)
		changed, far := 0, 0
		for i := range a.Y[:170*320] { // all but the stamp
			if d := int(a.Y[i]) - int(b.Y[i]); d != 0 {
				changed++
				far += d * d
			}
		}
		part, rms := float64(changed)/(170*320), math.Sqrt(float64(far)/(170*320))
		if part < 0.02 || part > 0.4 || rms > 20 {
			t.Errorf("picture %d: %.0f %% of the pixels changed by %.1f in the mean", n, 100*part, rms)
		}
		a, b = b, a
	}
}

func TestTestCardAtAnySize(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {2, 2}, {16, 16}, {17, 33}, {161, 91}, {720, 1280}, {4096, 16}, {16, 2304}} {
		card := newTestCard(size[0], size[1], 30, 0.3)
		var f Frame
		for n := uint64(0); n < 1000; n += 97 {
			card.draw(&f, n, stampTime)
			if f.Width != size[0] || f.Height != size[1] {
				t.Errorf("picture of %dx%d, want %v", f.Width, f.Height, size)
			}
		}
		card.draw(&f, math.MaxUint64, stampTime)
	}
}

func TestTestCardNamesDiffer(t *testing.T) {
	plain, same, other := newTestCard(64, 36, 30, hueOf("")), newTestCard(64, 36, 30, hueOf("")), newTestCard(64, 36, 30, hueOf("b"))
	var a, b, c Frame
	plain.draw(&a, 5, stampTime)
	same.draw(&b, 5, stampTime)
	other.draw(&c, 5, stampTime)
	if !equalPictures(&a, &b) {
		t.Error("one card draws two pictures of the same moment")
	}
	if equalPictures(&a, &c) {
		t.Error("two names have the same picture")
	}
}

func TestAppendPadded(t *testing.T) {
	for n, want := range map[uint64]string{0: "000000", 42: "000042", 999999: "999999", 1234567: "1234567", math.MaxUint64: "18446744073709551615"} {
		if got := string(appendPadded([]byte("#"), n, 6)); got != "#"+want {
			t.Errorf("%d is written %q, want %q", n, got, "#"+want)
		}
	}
}

// TestDigitsCanBeTold wants each digit to differ from each other by a stroke at least.
func TestDigitsCanBeTold(t *testing.T) {
	d := newDigits(20)
	for a := '0'; a <= '9'; a++ {
		for b := '0'; b < a; b++ {
			far := 0
			for i, v := range d.glyphs[a-'.'] {
				if diff := int(v) - int(d.glyphs[b-'.'][i]); diff > 128 || diff < -128 {
					far++
				}
			}
			if far < 10 {
				t.Errorf("%c and %c differ in %d pixels", a, b, far)
			}
		}
	}
}

func BenchmarkTestCard(b *testing.B) {
	card := newTestCard(1280, 720, 30, 0)
	var f Frame
	n := uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		card.draw(&f, n, stampTime)
		n++
	}
}
