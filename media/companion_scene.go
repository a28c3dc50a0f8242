package media

import (
	"image"
	"unicode/utf8"
)

// A sceneBuffer is a scene together with the memory of its pictures.
type sceneBuffer struct {
	Scene
	frames []*Frame
}

// frame is the memory of picture i.
func (s *sceneBuffer) frame(i int) *Frame {
	for len(s.frames) <= i {
		s.frames = append(s.frames, new(Frame))
	}
	return s.frames[i]
}

// copyFrom makes s a copy of scene for a window of w by h pixels: pictures that
// are larger than their place there are made to fit it, which is less to send
// and to draw.
func (s *sceneBuffer) copyFrom(scene *Scene, w, h int) {
	layout := LayoutScene(scene, w, h)
	s.copyText(scene)
	for i := range s.Tiles {
		t := &s.Tiles[i]
		t.Shape = t.shape() // the window at the other end is laid out like this one
		if t.CameraOff || layout.Tiles[i].Empty() {
			t.Frame = nil
		}
		if t.Frame != nil {
			t.Frame = fitFrame(s.frame(i+1), t.Frame, layout.Tiles[i].Dx(), layout.Tiles[i].Dy())
		}
	}
	s.SelfShape = s.selfShape()
	if s.SelfCameraOff {
		s.Self = nil
	}
	if s.Self != nil {
		s.Self = fitFrame(s.frame(0), s.Self, layout.Self.Dx(), layout.Self.Dy())
	}
}

// copyText copies all but the pixels, as much as can be shown.
func (s *sceneBuffer) copyText(scene *Scene) {
	tiles, chat, stats := s.Tiles[:0], s.Chat[:0], s.Stats[:0]
	s.Scene = *scene
	s.Status = clipText(s.Status)
	for _, t := range scene.Tiles[:min(len(scene.Tiles), maxSceneTiles)] {
		t.ID, t.Name, t.Notice = "", clipText(t.Name), clipText(t.Notice)
		tiles = append(tiles, t)
	}
	for _, line := range scene.Chat[max(len(scene.Chat)-chatShown, 0):] {
		chat = append(chat, clipText(line))
	}
	for _, line := range scene.Stats[:min(len(scene.Stats), maxStatsShown)] {
		stats = append(stats, clipText(line))
	}
	s.Tiles, s.Chat, s.Stats = tiles, chat, stats
}

// clipText is the beginning of text, as much of it as can be shown.
func clipText(text string) string {
	if len(text) <= maxSceneText {
		return text
	}
	end := maxSceneText
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// fitFrame makes dst a copy of src, no larger than it will be seen in a place of
// w by h pixels.
func fitFrame(dst, src *Frame, w, h int) *Frame {
	if !ShrinkTo(dst, src, image.Pt(w, h)) {
		dst.CopyFrom(src)
	}
	return dst
}
