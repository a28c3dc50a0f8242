package media

import (
	"image"
	"image/color"
	"strconv"
)

// lowTile is the height, in text sizes, below which a notice stands in the place of
// the name: there is no room for both.
const lowTile = 7

// plateOf is what stands on the name plate of tile i.
func (r *SceneRenderer) plateOf(s *Scene, i int, at image.Rectangle, em int) namePlate {
	t := &s.Tiles[i]
	n := namePlate{name: t.Name, muted: t.Muted, cameraOff: t.CameraOff, silenced: t.Silenced, quality: t.Quality}
	if t.Notice != "" && at.Dy() < lowTile*em {
		n.name = t.Notice
	}
	if s.Help && s.Keys == KeysRoom {
		n.name = strconv.Itoa(i+1) + "  " + n.name // the key that pins them
	}
	n.hand = t.Hand && at == r.canvas.Bounds()
	return n
}

// drawMarks shows in at who speaks, by a frame, and whose hand is up. Whose picture
// fills the window is alone with us: that they speak is heard, and their plate has the
// hand.
func (r *SceneRenderer) drawMarks(speaking, hand bool, at image.Rectangle, em int) {
	if at == r.canvas.Bounds() || at.Dx() < 4*em || at.Dy() < 3*em {
		return
	}
	if speaking {
		r.drawRing(at, r.radius(at), max(scaled(em, 0.2), 2), colourSpeech)
	}
	if hand {
		r.place(badge{iconHand, em}, at.Min.Add(image.Pt(1, 1).Mul(em*2/3)))
	}
}

// drawRing draws a border of at. Only its corners are blended.
func (r *SceneRenderer) drawRing(at image.Rectangle, radius, width int, c color.NRGBA) {
	side := 2 * max(radius, width)
	if !at.In(r.canvas.Bounds()) || at.Dx() < side || at.Dy() < side {
		return
	}
	corners := r.sprites.of(border{side, side, radius, width, c})
	half := side / 2
	for i, p := range []image.Point{at.Min, {X: at.Max.X - half, Y: at.Min.Y}, {X: at.Min.X, Y: at.Max.Y - half}, at.Max.Sub(image.Pt(half, half))} {
		corner := image.Rect(0, 0, half, half).Add(image.Pt(i%2, i/2).Mul(half))
		r.canvas.draw(corners.SubImage(corner).(*image.RGBA), p, opaque)
	}
	opaque := color.RGBA(c)
	inner := at.Inset(width)
	r.canvas.fill(image.Rect(at.Min.X+half, at.Min.Y, at.Max.X-half, inner.Min.Y), opaque)
	r.canvas.fill(image.Rect(at.Min.X+half, inner.Max.Y, at.Max.X-half, at.Max.Y), opaque)
	r.canvas.fill(image.Rect(at.Min.X, at.Min.Y+half, inner.Min.X, at.Max.Y-half), opaque)
	r.canvas.fill(image.Rect(inner.Max.X, at.Min.Y+half, at.Max.X, at.Max.Y-half), opaque)
}

// A badge is an icon on a round plate.
type badge struct {
	icon icon
	em   int
}

func (b badge) draw(*typefaces) *image.RGBA {
	diameter, size := scaled(b.em, plateHeight), scaled(b.em, 1.4)
	img := newPlate(diameter, diameter, float64(diameter)/2, colourPlate)
	paint(img, b.icon.mask(size), image.Pt(1, 1).Mul((diameter-size)/2), b.icon.colour())
	return img
}
