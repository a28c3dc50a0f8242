package media

import (
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

// writeTemp writes a file that lives as long as the test.
func writeTemp(t testing.TB, name string, content []byte) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func openTestClip(t testing.TB, path string, cfg PictureConfig) Camera {
	t.Helper()
	c, err := OpenCamera("file:"+path, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestClipIsPacedAndLooped(t *testing.T) {
	path := writeTemp(t, "clip.y4m", y4mBytes(16, 16, 7, "30000:1001"))
	synctest.Test(t, func(t *testing.T) {
		c := openTestClip(t, path, PictureConfig{})
		start := time.Now()
		var f Frame
		for n := range 50 {
			if err := c.Capture(&f); err != nil {
				t.Fatal(err)
			}
			if f.N != uint64(n) || f.Y[0] != byte(n%7) {
				t.Errorf("picture %d shows %d, want %d to show %d", f.N, f.Y[0], n, n%7)
			}
			want := start.Add(tempo{30000, 1001}.offset(uint64(n)))
			if !f.Captured.Equal(want) || !time.Now().Equal(want) {
				t.Errorf("picture %d came after %v, want %v", n, f.Captured.Sub(start), want.Sub(start))
			}
			time.Sleep(time.Duration(n%3) * 10 * time.Millisecond) // a caller that takes its time
		}
	})
}

func TestClipSkipsWhatALateCallerMissed(t *testing.T) {
	for _, tail := range []string{"", "FRAME\ncut off"} {
		path := writeTemp(t, "clip.y4m", append(y4mBytes(16, 16, 7, "10:1"), tail...))
		synctest.Test(t, func(t *testing.T) {
			c := openTestClip(t, path, PictureConfig{})
			var f Frame
			want := uint64(0)
			for _, late := range []time.Duration{0, 99, 150, 1000, 3141, 0, 60000} {
				// Late by less than a picture, it loses none.
				time.Sleep(late * time.Millisecond)
				if err := c.Capture(&f); err != nil {
					t.Fatal(err)
				}
				want = max(want, uint64(time.Since(c.(*clip).beats.start)/(100*time.Millisecond)))
				if f.N != want || f.Y[0] != byte(want%7) {
					t.Errorf("late by %d ms: picture %d shows %d, want %d to show %d", late, f.N, f.Y[0], want, want%7)
				}
				want = f.N + 1
			}
		})
	}
}

func TestClipStamps(t *testing.T) {
	path := writeTemp(t, "clip.y4m", y4mBytes(320, 180, 2, "30:1"))
	synctest.Test(t, func(t *testing.T) {
		c := openTestClip(t, path, PictureConfig{Stamp: true})
		var f Frame
		for range 3 {
			if err := c.Capture(&f); err != nil {
				t.Fatal(err)
			}
			if n, at, ok := ReadStamp(&f); !ok || n != f.N || !at.Equal(f.Captured.Truncate(time.Microsecond)) {
				t.Errorf("stamp %d, %v, %v on picture %d of %v", n, at, ok, f.N, f.Captured)
			}
		}
	})
}

func TestClipOpenErrors(t *testing.T) {
	_, err := OpenCamera("file:"+filepath.Join(t.TempDir(), "none.y4m"), PictureConfig{})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v, want ErrNotExist", err)
	}
	for content, want := range map[string]string{
		"":                                 "not a y4m file",
		"\x00\x00\x00\x20ftypisom, a film": "not a y4m file",
		"YUV4MPEG2 W4 H4 C420p10\n":        "sampling is not supported",
	} {
		path := writeTemp(t, "clip.y4m", []byte(content))
		if _, err := OpenCamera("file:"+path, PictureConfig{}); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: %v, want %q", content, err, want)
		}
	}
}

func TestClipReadErrors(t *testing.T) {
	for content, want := range map[string]string{
		"YUV4MPEG2 W2 H2\n":              "no picture",
		"YUV4MPEG2 W2 H2\nFRAME\nabc":    "no picture",
		"YUV4MPEG2 W2 H2\nFRUMPabcdef\n": "not a y4m file",
	} {
		c := openTestClip(t, writeTemp(t, "clip.y4m", []byte(content)), PictureConfig{})
		if err := c.Capture(new(Frame)); !errors.Is(err, errBadY4M) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", content, err, want)
		}
	}
}

func TestClipFromAPipeEnds(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	w.Write(y4mBytes(4, 4, 3, "1000:1"))
	w.Close()
	y4m, err := newY4MReader(r)
	if err != nil {
		t.Fatal(err)
	}
	c := &clip{file: r, y4m: y4m, beats: newMetronome(y4m.header.rate)}
	defer c.Close()
	var f Frame
	last := -1
	for err = c.Capture(&f); err == nil; err = c.Capture(&f) {
		if int(f.Y[0]) <= last {
			t.Errorf("picture %d after %d", f.Y[0], last)
		}
		last = int(f.Y[0])
	}
	if err != io.EOF || last > 2 {
		t.Errorf("after picture %d: %v, want EOF", last, err)
	}
}

func BenchmarkClip(b *testing.B) {
	path := writeTemp(b, "clip.y4m", y4mBytes(1280, 720, 30, "1000:1"))
	camera := openTestClip(b, path, PictureConfig{}).(*clip)
	var f Frame
	b.ReportAllocs()
	for b.Loop() {
		if err := camera.advance(func() error { return camera.y4m.next(&f) }); err != nil {
			b.Fatal(err)
		}
	}
}
