package media

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// Between prattle and its companion a message is a line of JSON, then the pixels
// that the line announces: packed planes Y, U, V of one picture after the other.
//
//	camera, to prattle:  pictureHeader \n planes, again and again
//	window, from prattle: sceneHeader \n planes..., again and again
//	window, to prattle:  windowEvent \n, the first with the size: it is open
//
// Both ends are of one build and on one machine; the checks are against bugs.

// What a scene may hold, far above what can be seen.
const (
	maxHeader     = 256 << 10 // bytes, with all text
	maxSceneTiles = 64
	maxSceneText  = 512 // bytes of a line
	maxStatsShown = 64  // lines
)

var errBadMessage = errors.New("malformed message between prattle and " + companionName)

// pictureHeader announces the pixels of a frame.
type pictureHeader struct {
	Width    int    `json:"w"`
	Height   int    `json:"h"`
	N        uint64 `json:"n,omitempty"`
	Captured int64  `json:"t,omitempty"` // Unix nanoseconds; 0 if not known
	Tile     int    `json:"tile"`        // in a scene: whose; selfTile for the own
}

const selfTile = -1

// sceneHeader is a scene without its pixels.
type sceneHeader struct {
	Scene    Scene           `json:"scene"` // all frames are nil
	Pictures []pictureHeader `json:"pictures,omitempty"`
}

// windowEvent is what a window reports: a ViewEvent, or its size in pixels.
type windowEvent struct {
	Width  int  `json:"w,omitempty"`
	Height int  `json:"h,omitempty"`
	Key    rune `json:"key,omitempty"`
	Closed bool `json:"closed,omitempty"`
}

func headerOf(f *Frame, tile int) pictureHeader {
	h := pictureHeader{Width: f.Width, Height: f.Height, N: f.N, Tile: tile}
	if !f.Captured.IsZero() {
		h.Captured = f.Captured.UnixNano()
	}
	return h
}

// writePicture sends one frame of a camera.
func writePicture(w io.Writer, f *Frame) error {
	if err := writeHeader(w, headerOf(f, 0)); err != nil {
		return err
	}
	return writePlanes(w, f)
}

// readPicture is the other end of writePicture.
func readPicture(r *bufio.Reader, f *Frame) error {
	var h pictureHeader
	if err := readHeader(r, &h); err != nil {
		return err
	}
	return readPlanes(r, h, f)
}

// writeScene sends s and its pictures.
func writeScene(w io.Writer, s *Scene) error {
	h := sceneHeader{Scene: *s}
	h.Scene.Self, h.Scene.Tiles = nil, make([]Tile, len(s.Tiles))
	var frames []*Frame
	announce := func(f *Frame, tile int) {
		if f != nil && !empty(f) {
			frames = append(frames, f)
			h.Pictures = append(h.Pictures, headerOf(f, tile))
		}
	}
	for i, t := range s.Tiles {
		announce(t.Frame, i)
		h.Scene.Tiles[i] = t
		h.Scene.Tiles[i].Frame = nil
	}
	announce(s.Self, selfTile)
	if err := writeHeader(w, h); err != nil {
		return err
	}
	for _, f := range frames {
		if err := writePlanes(w, f); err != nil {
			return err
		}
	}
	return nil
}

// readScene is the other end of writeScene. The pictures lie in s.
func readScene(r *bufio.Reader, s *sceneBuffer) error {
	var h sceneHeader
	if err := readHeader(r, &h); err != nil {
		return err
	}
	if len(h.Scene.Tiles) > maxSceneTiles || len(h.Pictures) > len(h.Scene.Tiles)+1 {
		return fmt.Errorf("%w: %d pictures of %d tiles", errBadMessage, len(h.Pictures), len(h.Scene.Tiles))
	}
	s.Scene = h.Scene
	s.Self = nil
	for i := range s.Tiles {
		s.Tiles[i].Frame = nil
	}
	for i, p := range h.Pictures {
		f := s.frame(i)
		if err := readPlanes(r, p, f); err != nil {
			return err
		}
		switch {
		case p.Tile == selfTile:
			s.Self = f
		case p.Tile >= 0 && p.Tile < len(s.Tiles):
			s.Tiles[p.Tile].Frame = f
		default:
			return fmt.Errorf("%w: picture of tile %d of %d", errBadMessage, p.Tile, len(s.Tiles))
		}
	}
	return nil
}

func writeHeader(w io.Writer, h any) error {
	line, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if len(line) >= maxHeader {
		return fmt.Errorf("%w: header of %d bytes", errBadMessage, len(line))
	}
	_, err = w.Write(append(line, '\n'))
	return err
}

// newWireReader reads headers through a buffer and pixels past it.
func newWireReader(r io.Reader) *bufio.Reader { return bufio.NewReaderSize(r, maxHeader) }

// readHeader reads one line into h. It returns io.EOF only between messages.
func readHeader(r *bufio.Reader, h any) error {
	line, err := r.ReadSlice('\n')
	if err == io.EOF && len(line) > 0 {
		return io.ErrUnexpectedEOF
	}
	if errors.Is(err, bufio.ErrBufferFull) {
		return fmt.Errorf("%w: header longer than %d bytes", errBadMessage, maxHeader)
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(line, h); err != nil {
		return fmt.Errorf("%w: %w", errBadMessage, err)
	}
	return nil
}

// writePlanes sends the pixels of f, at once if they lie together.
func writePlanes(w io.Writer, f *Frame) error {
	cw, ch := ChromaSize(f.Width, f.Height)
	for _, p := range []struct {
		plane        []byte
		stride, w, h int
	}{{f.Y, f.YStride, f.Width, f.Height}, {f.U, f.UVStride, cw, ch}, {f.V, f.UVStride, cw, ch}} {
		if p.stride == p.w {
			if _, err := w.Write(p.plane[:p.w*p.h]); err != nil {
				return err
			}
			continue
		}
		for row := range p.h {
			if _, err := w.Write(p.plane[row*p.stride:][:p.w]); err != nil {
				return err
			}
		}
	}
	return nil
}

// readPlanes reads the pixels that h announces into f.
func readPlanes(r io.Reader, h pictureHeader, f *Frame) error {
	const longest = 1 << 14 // pixels a side: their product cannot overflow
	if h.Width <= 0 || h.Height <= 0 || h.Width > longest || h.Height > longest || h.Width*h.Height > MaxPixels {
		return fmt.Errorf("%w: picture of %dx%d pixels", errBadMessage, h.Width, h.Height)
	}
	f.Resize(h.Width, h.Height)
	f.N, f.Captured = h.N, time.Time{}
	if h.Captured != 0 {
		now := time.Now() // its monotonic reading is kept
		f.Captured = now.Add(-now.Sub(time.Unix(0, h.Captured)))
	}
	for _, plane := range [][]byte{f.Y, f.U, f.V} {
		if _, err := io.ReadFull(r, plane); err != nil {
			return fmt.Errorf("read a picture of %dx%d pixels: %w", h.Width, h.Height, err)
		}
	}
	return nil
}
