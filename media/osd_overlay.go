package media

import (
	"image"
	"strings"
	"time"
)

// drawStatus puts the status into the upper left corner.
func (r *SceneRenderer) drawStatus(s *Scene) {
	if s.Status == "" {
		return
	}
	width := r.canvas.Width - 2*r.margin
	if len(s.Stats) > 0 {
		width = width / 2
	}
	r.place(textPlate{text: s.Status, weight: regular, em: r.em, width: width}, image.Pt(r.margin, r.margin))
}

// drawStats puts the statistics into the upper right corner, beside the own
// picture where they do not fit above it.
func (r *SceneRenderer) drawStats(s *Scene, layout SceneLayout) {
	if len(s.Stats) == 0 {
		return
	}
	card := statsCard{
		lines:  strings.Join(s.Stats, "\n"),
		em:     scaled(r.em, 0.9),
		width:  r.canvas.Width/2 - r.margin,
		height: r.canvas.Height - 2*r.margin,
	}
	size := r.sprites.of(card).Rect.Size()
	at := image.Pt(r.canvas.Width-r.margin-size.X, r.margin)
	if layout.Inset && at.Y+size.Y+r.margin/2 > layout.Self.Min.Y {
		at.X = layout.Self.Min.X - r.margin/2 - size.X
	}
	r.place(card, at)
}

// drawChat stacks the latest lines above the name in the lower left corner, as
// many as there is room for under the status.
func (r *SceneRenderer) drawChat(s *Scene, now time.Time) {
	r.chat.update(now, s.Chat)
	lines := r.chat.latest(now)
	gap := r.em / 3
	bottom := r.canvas.Height - r.margin - scaled(r.em, plateHeight) - r.em
	top := r.margin + scaled(r.em, plateHeight) + gap
	width := min(r.canvas.Width*9/20, 30*r.em)
	plate := colourPlate
	if len(s.Tiles) > 1 {
		plate = colourCard // it covers names
	}
	for i := len(lines) - 1; i >= 0; i-- {
		line := r.sprites.of(chatPlate{text: lines[i].text, em: r.em, width: width, plate: plate})
		if bottom -= line.Rect.Dy(); bottom < top {
			return
		}
		r.canvas.draw(line, image.Pt(r.margin, bottom), lines[i].opacity(now))
		bottom -= gap
	}
}

// drawHelp puts the keys into the middle.
func (r *SceneRenderer) drawHelp(s *Scene) {
	if s.Help {
		card := helpCard{keys: s.Keys}
		card.em = min(r.em, r.canvas.Height/card.height())
		r.stack(r.canvas.Bounds(), card)
	}
}
