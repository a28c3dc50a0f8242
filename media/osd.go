package media

import (
	"image"
	"image/color"
	"time"
)

// A SceneRenderer draws scenes as a person sees them: pictures, names, marks,
// status, chat, statistics and help. It keeps rendered text and scratch memory
// from one scene to the next, and belongs to one goroutine.
type SceneRenderer struct {
	// ToBGR writes a frame as packed BGR into dst, whose rows are stride bytes
	// apart. nil means plain Go.
	ToBGR func(dst []byte, stride int, src *Frame) error

	sprites          sprites
	chat             chatLog
	corners          corners
	scaled, mirrored Frame

	// What is being drawn, during Draw.
	canvas *Canvas
	em     int // size of plain text in pixels
	margin int // from the edges of the window
	err    error
}

// Draw draws s at its whole size on c. now is for what fades. It fails only if
// ToBGR does.
func (r *SceneRenderer) Draw(c *Canvas, s *Scene, now time.Time) error {
	r.canvas, r.em, r.err = c, InterfaceSize(c.Width, c.Height), nil
	r.margin = scaled(r.em, insetMargin)
	layout := LayoutScene(s, c.Width, c.Height)
	if len(layout.Tiles) != 1 && layout.Self != c.Bounds() {
		c.fill(c.Bounds(), colourWindow)
	}
	for i := range s.Tiles {
		r.drawTile(s, i, layout.Tiles[i])
	}
	r.drawSelf(s, layout)
	if c.Width >= smallestWidth*r.em && c.Height >= smallestHeight*r.em {
		r.drawChat(s, now)
		r.drawStatus(s)
		r.drawStats(s, layout)
		r.drawHelp(s)
	}
	r.sprites.endRound()
	r.canvas = nil
	return r.err
}

// In a window smaller than this, in text sizes, there are pictures only.
const smallestWidth, smallestHeight = 14, 7

func (r *SceneRenderer) drawTile(s *Scene, i int, at image.Rectangle) {
	if at.Empty() {
		return
	}
	t, em := &s.Tiles[i], r.tileEm(at)
	r.rounded(at, r.radius(at), func() {
		if t.Frame == nil || t.CameraOff || empty(t.Frame) {
			r.canvas.fill(at, colourTile)
			r.drawAbsent(t, at, em)
			return
		}
		r.drawPicture(t.Frame, at, false)
		if t.Notice != "" && at.Dy() >= lowTile*em {
			notice := textPlate{text: t.Notice, weight: medium, em: scaled(em, 1.3), width: at.Dx()}
			r.stack(at, notice)
		}
	})
	r.drawName(r.plateOf(s, i, at, em), at, em)
	r.drawMarks(t.Speaking, t.Hand, at, em)
}

// drawAbsent shows who would be seen here.
func (r *SceneRenderer) drawAbsent(t *Tile, at image.Rectangle, em int) {
	portrait := avatar{name: t.Name, diameter: min(at.Dx(), at.Dy()) * 3 / 10}
	if t.Notice == "" || at.Dy() < lowTile*em {
		r.stack(at, portrait)
		return
	}
	r.stack(at, portrait, caption{text: t.Notice, em: scaled(em, 1.3), width: at.Dx() - 2*em})
}

func (r *SceneRenderer) drawSelf(s *Scene, layout SceneLayout) {
	at := layout.Self
	if at.Empty() {
		if s.SelfMuted {
			r.drawMuted()
		}
		return
	}
	radius := r.radius(at)
	r.rounded(at, radius, func() {
		if s.Self == nil || s.SelfCameraOff || empty(s.Self) {
			r.canvas.fill(at, colourTile)
			r.stack(at, struck{icon: iconCameraOff, size: min(at.Dx(), at.Dy()) / 4})
			return
		}
		r.drawPicture(s.Self, at, true)
	})
	if layout.Inset {
		r.place(border{at.Dx(), at.Dy(), radius, max(r.em/12, 1), colourBorder}, at.Min)
		if s.SelfMuted {
			r.drawName(namePlate{muted: true}, at, scaled(r.em, 0.85))
		}
		r.drawMarks(false, s.SelfHand, at, scaled(r.em, 0.85))
		return
	}
	r.drawName(namePlate{name: "You", muted: s.SelfMuted, cameraOff: s.SelfCameraOff}, at, r.tileEm(at))
	r.drawMarks(false, s.SelfHand, at, r.tileEm(at))
}

// drawMuted says in the lower right corner that nobody hears the person here,
// who has no picture that could bear the mark.
func (r *SceneRenderer) drawMuted() {
	plate := namePlate{name: "You", muted: true, em: r.em, width: r.canvas.Width / 2}
	size := r.sprites.of(plate).Rect.Size()
	r.place(plate, image.Pt(r.canvas.Width, r.canvas.Height).Sub(image.Pt(r.margin, r.margin)).Sub(size))
}

// drawPicture fits f into at and fills what is left over.
func (r *SceneRenderer) drawPicture(f *Frame, at image.Rectangle, mirrored bool) {
	fit := FitRect(f.Width, f.Height, at)
	r.canvas.frame(at, fit, r.surround(at))
	if fit.Empty() {
		return
	}
	if f.Width != fit.Dx() || f.Height != fit.Dy() {
		r.scaled.Resize(fit.Dx(), fit.Dy())
		Scale(&r.scaled, f)
		f = &r.scaled
	}
	if mirrored {
		Mirror(&r.mirrored, f)
		f = &r.mirrored
	}
	toBGR := r.ToBGR
	if toBGR == nil {
		toBGR = bgrFromI420
	}
	c := r.canvas
	if err := toBGR(c.Pix[c.offset(fit.Min.X, fit.Min.Y):], c.Stride, f); err != nil {
		r.err = err
	}
}

// surround is the colour beside a picture of another shape.
func (r *SceneRenderer) surround(at image.Rectangle) color.RGBA {
	if at == r.canvas.Bounds() {
		return colourWindow
	}
	return colourTile
}

// drawName puts a name into the lower left corner of a picture.
func (r *SceneRenderer) drawName(n namePlate, at image.Rectangle, em int) {
	inset := em * 2 / 3
	if at == r.canvas.Bounds() {
		inset = r.margin
	}
	nothing := n.name == "" && len(n.icons()) == 0 && n.quality == QualityUnknown
	if nothing || at.Dx() < 5*em || at.Dy() < 4*em {
		return
	}
	n.em, n.width = em, at.Dx()-2*inset
	plate := r.sprites.of(n)
	r.canvas.draw(plate, image.Pt(at.Min.X+inset, at.Max.Y-inset-plate.Rect.Dy()), opaque)
}

// tileEm is the text size in a picture: that of the window, or less where the
// picture is only a part of it.
func (r *SceneRenderer) tileEm(at image.Rectangle) int {
	return min(r.em, InterfaceSize(at.Dx(), at.Dy())+1)
}

// radius is that of a picture's corners; one that fills the window has none.
func (r *SceneRenderer) radius(at image.Rectangle) int {
	if at == r.canvas.Bounds() {
		return 0
	}
	return min(scaled(r.em, 0.75), at.Dx()/2, at.Dy()/2)
}

// rounded does what paints at, and rounds its corners to what was there before.
func (r *SceneRenderer) rounded(at image.Rectangle, radius int, paint func()) {
	if radius <= 0 || !at.In(r.canvas.Bounds()) {
		paint()
		return
	}
	r.corners.save(r.canvas, at, radius)
	paint()
	r.corners.restore(r.canvas, r.sprites.corner(radius))
}

// place draws d with its upper left corner at p.
func (r *SceneRenderer) place(d drawing, p image.Point) {
	r.canvas.draw(r.sprites.of(d), p, opaque)
}

// stack centres parts in at, one below the other, as many as there is room for.
func (r *SceneRenderer) stack(at image.Rectangle, parts ...drawing) {
	gap, height := r.em, -r.em
	for i, d := range parts {
		size := r.sprites.of(d).Rect.Size()
		if height+gap+size.Y > at.Dy() || size.X > at.Dx() {
			parts = parts[:i]
			break
		}
		height += gap + size.Y
	}
	y := at.Min.Y + (at.Dy()-height)/2
	for _, d := range parts {
		size := r.sprites.of(d).Rect.Size()
		r.place(d, image.Pt(at.Min.X+(at.Dx()-size.X)/2, y))
		y += size.Y + gap
	}
}
