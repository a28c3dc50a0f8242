package media

import (
	"fmt"
	"image"
	"os"
	"sync"
)

func init() { RegisterView("file", "file:OUT.y4m", openFileView, nil) }

// A fileView writes what would be shown to a y4m file, one picture for each Show:
// the pictures of the others only, without text and without ourselves, so that
// they can be compared with what was sent.
type fileView struct {
	mu     sync.Mutex // of the file: no picture is torn by Close
	file   *os.File
	size   int64 // of the file, up to the last whole picture
	canvas *Frame
	events chan ViewEvent
	once   sync.Once
}

func openFileView(path string, cfg PictureConfig) (View, error) {
	w, h, fps := cfg.Width, cfg.Height, cfg.FPS
	if w <= 0 || h <= 0 {
		w, h = 1280, 720
	}
	if fps <= 0 {
		fps = 30
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	n, err := fmt.Fprintf(file, "%s W%d H%d F%d:1 Ip A1:1 C420jpeg\n", y4mMagic, w, h, fps)
	if err != nil {
		file.Close()
		return nil, err
	}
	return &fileView{file: file, size: int64(n), canvas: NewFrame(w, h), events: make(chan ViewEvent)}, nil
}

// Show appends one picture. If the disk is full the file stays whole up to the
// picture before.
func (v *fileView) Show(s *Scene) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	f := v.compose(s)
	n, err := writeY4MFrame(v.file, f)
	if err != nil {
		v.file.Truncate(v.size)
		v.file.Seek(v.size, 0)
		return err
	}
	v.size += n
	return nil
}

// Arrange implements Arranger.
func (v *fileView) Arrange(s *Scene) SceneLayout {
	c := v.canvas
	if len(s.Tiles) == 1 {
		return SceneLayout{Tiles: []image.Rectangle{image.Rect(0, 0, c.Width, c.Height)}}
	}
	whole := image.Rect(0, 0, c.Width&^1, c.Height&^1)
	return Tiling{Area: whole, Step: image.Pt(2, 2)}.room(s.Tiles, false, image.Point{})
}

// compose returns the picture to be written: the only tile as it is if it has the
// size of the view, else the tiles scaled to places on the canvas.
func (v *fileView) compose(s *Scene) *Frame {
	c, tiles := v.canvas, s.Tiles
	if len(tiles) == 1 && tiles[0].Frame != nil {
		f := tiles[0].Frame
		if f.Width == c.Width && f.Height == c.Height {
			return f
		}
		Letterbox(c, f)
		return c
	}
	blacken(c, 0, 0, c.Width, c.Height)
	for i, at := range v.Arrange(s).Tiles {
		if tiles[i].Frame != nil && !at.Empty() {
			place := part(c, at.Min.X, at.Min.Y, at.Dx(), at.Dy())
			Letterbox(&place, tiles[i].Frame)
		}
	}
	return c
}

// PicturesOnly implements media.PicturesOnly.
func (v *fileView) PicturesOnly() {}

func (v *fileView) Events() <-chan ViewEvent { return v.events }

func (v *fileView) Close() error {
	var err error
	v.once.Do(func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		close(v.events)
		err = v.file.Close()
	})
	return err
}
