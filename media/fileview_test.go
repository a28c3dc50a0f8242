package media

import (
	"bytes"
	"errors"
	"image"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// noisy is a picture like no other.
func noisy(w, h int, seed uint64) *Frame {
	f, rng := NewFrame(w, h), rand.New(rand.NewPCG(seed, 0))
	for _, plane := range [][]byte{f.Y, f.U, f.V} {
		for i := range plane {
			plane[i] = byte(rng.Uint32())
		}
	}
	return f
}

// shown returns the pictures in the file that a view of w by h writes for scenes.
func shown(t *testing.T, w, h int, scenes ...*Scene) []*Frame {
	t.Helper()
	path := filepath.Join(t.TempDir(), "out.y4m")
	v, err := OpenView("file:"+path, PictureConfig{Width: w, Height: h, FPS: 25})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scenes {
		if err := v.Show(s); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return readY4M(t, content, y4mHeader{w, h, tempo{25, 1}, y4m420})
}

func readY4M(t *testing.T, content []byte, want y4mHeader) (frames []*Frame) {
	t.Helper()
	y, err := newY4MReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	if y.header != want {
		t.Errorf("header %+v, want %+v", y.header, want)
	}
	for {
		f := new(Frame)
		if err := y.next(f); err == io.EOF {
			return frames
		} else if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, f)
	}
}

func equalPictures(a, b *Frame) bool {
	return a.Width == b.Width && a.Height == b.Height &&
		bytes.Equal(a.Y, b.Y) && bytes.Equal(a.U, b.U) && bytes.Equal(a.V, b.V)
}

func TestFileViewWritesOneTileExactly(t *testing.T) {
	first, second := noisy(34, 18, 1), noisy(34, 18, 2)
	large := noisy(50, 30, 3)
	window := part(large, 6, 4, 34, 18) // rows further apart than they are long
	scene := func(f *Frame) *Scene {
		return &Scene{Tiles: []Tile{{Frame: f, Name: "Ada"}}, Self: first, Status: "connected", Chat: []string{"Ada: hello"}, Help: true}
	}
	got := shown(t, 34, 18, scene(first), scene(second), scene(second), scene(&window))
	var packed Frame
	packed.CopyFrom(&window)
	want := []*Frame{first, second, second, &packed}
	if len(got) != len(want) {
		t.Fatalf("%d pictures, want %d", len(got), len(want))
	}
	for i := range want {
		if !equalPictures(got[i], want[i]) {
			t.Errorf("picture %d differs from what was shown", i)
		}
	}
}

func TestFileViewLetterboxesOtherSizes(t *testing.T) {
	f, want := noisy(40, 40, 1), NewFrame(64, 36)
	Letterbox(want, f)
	got := shown(t, 64, 36, &Scene{Tiles: []Tile{{Frame: f}}})
	if len(got) != 1 || !equalPictures(got[0], want) {
		t.Error("the picture is not what Letterbox makes of it")
	}
}

func TestFileViewWritesAPictureForEveryShow(t *testing.T) {
	black := NewFrame(32, 32)
	black.Fill(16, 128, 128)
	got := shown(t, 32, 32, &Scene{}, &Scene{Tiles: []Tile{{Notice: "ringing…"}}}, &Scene{Tiles: make([]Tile, 5)})
	if len(got) != 3 {
		t.Fatalf("%d pictures, want 3", len(got))
	}
	for i, f := range got {
		if !equalPictures(f, black) {
			t.Errorf("picture %d of nobody is not black", i)
		}
	}
}

func TestFileViewPutsTilesIntoAGrid(t *testing.T) {
	luma := []byte{40, 80, 120, 160, 200}
	s := new(Scene)
	for _, v := range luma {
		f := NewFrame(32, 18)
		f.Fill(v, 128, 128)
		s.Tiles = append(s.Tiles, Tile{Frame: f})
	}
	got := shown(t, 96, 54, s)[0] // three and two in rows of 18, in the middle
	for i, v := range luma {
		x, y := 16+i%3*32+i/3*16, 18+i/3*18
		if p := got.Y[y*got.YStride+x]; p != v {
			t.Errorf("tile %d: luma %d at %d, %d, want %d", i, p, x, y, v)
		}
	}
	if p := got.Y[36*got.YStride+88]; p != 16 {
		t.Errorf("the place that is left over has luma %d, want black", p)
	}
}

// However many they are, each is seen at their place and nowhere else, also beside one
// who is large.
func TestFileViewShowsEverybody(t *testing.T) {
	const w, h = 640, 360
	for n := 2; n <= 16; n++ {
		for large := -1; large < n; large += n {
			s := new(Scene)
			for i := range n {
				f := NewFrame(64, 36)
				f.Fill(byte(30+10*i), 128, 128)
				s.Tiles = append(s.Tiles, Tile{Frame: f, Large: i == large})
			}
			path := filepath.Join(t.TempDir(), "arranged.y4m")
			v, err := OpenView("file:"+path, PictureConfig{Width: w, Height: h})
			if err != nil {
				t.Fatal(err)
			}
			places := v.(Arranger).Arrange(s).Tiles
			v.Close()
			checkApart(t, places, image.Rect(0, 0, w, h), 0)
			got, area := shown(t, w, h, s)[0], 0
			for i, at := range places {
				area += at.Dx() * at.Dy()
				for _, p := range []image.Point{at.Min, at.Max.Sub(image.Pt(3, 3)), at.Min.Add(at.Size().Div(2))} { // sizes are even
					if luma := got.Y[p.Y*got.YStride+p.X]; luma != byte(30+10*i) {
						t.Errorf("%d people: luma %d at %v in the place of %d, %v", n, luma, p, i, at)
					}
				}
			}
			if area*100 < w*h*50 {
				t.Errorf("%d people, %d large: %d %% of the picture is theirs", n, large, 100*area/w/h)
			}
		}
	}
}

func TestFileViewErrors(t *testing.T) {
	_, err := OpenView("file:"+filepath.Join(t.TempDir(), "no", "such.y4m"), PictureConfig{})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v, want ErrNotExist", err)
	}
	v, err := OpenView("file:"+filepath.Join(t.TempDir(), "out.y4m"), PictureConfig{})
	if err != nil {
		t.Fatal(err)
	}
	v.Close()
	if err := v.Show(&Scene{}); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Show after Close: %v, want ErrClosed", err)
	}
}

func TestFileViewReportsAFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no /dev/full here")
	}
	v := &fileView{file: full, canvas: NewFrame(16, 16), events: make(chan ViewEvent)}
	defer v.Close()
	if err := v.Show(&Scene{}); err == nil {
		t.Error("Show wrote to a full disk")
	}
}

func BenchmarkFileView(b *testing.B) {
	for name, size := range map[string][2]int{"exact": {1280, 720}, "letterbox": {640, 480}} {
		b.Run(name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "out.y4m")
			opened, err := OpenView("file:"+path, PictureConfig{Width: 1280, Height: 720})
			if err != nil {
				b.Fatal(err)
			}
			defer opened.Close()
			v := opened.(*fileView)
			s := &Scene{Tiles: []Tile{{Frame: noisy(size[0], size[1], 1)}}}
			b.ReportAllocs()
			for b.Loop() {
				if err := v.Show(s); err != nil {
					b.Fatal(err)
				}
				if v.size > 200<<20 { // start anew: the disk is not the subject
					v.file.Truncate(0)
					v.size, _ = v.file.Seek(0, io.SeekStart)
				}
			}
		})
	}
}
