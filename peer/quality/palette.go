package quality

import (
	"image"
	"image/color"
)

// paletteShades is how many steps lead from white to each colour: as many as fit
// into a palette of 256.
const paletteShades = 23

// shades are white and what lies between it and each of some colours.
func shades(colours []color.RGBA) color.Palette {
	p := color.Palette{color.White}
	for _, c := range colours {
		for step := 1; step <= paletteShades; step++ {
			mix := func(v uint8) uint8 { return uint8(255 - (255-int(v))*step/paletteShades) }
			p = append(p, color.RGBA{mix(c.R), mix(c.G), mix(c.B), 255})
		}
	}
	return p
}

// paletted is a copy of a drawing with the nearest colours of a palette, which
// takes a third of the room in a file.
func paletted(img image.Image, p color.Palette) *image.Paletted {
	out := image.NewPaletted(img.Bounds(), p)
	nearest := make(map[color.Color]uint8)
	for y := out.Rect.Min.Y; y < out.Rect.Max.Y; y++ {
		for x := out.Rect.Min.X; x < out.Rect.Max.X; x++ {
			c := img.At(x, y)
			i, ok := nearest[c]
			if !ok {
				i = uint8(p.Index(c))
				nearest[c] = i
			}
			out.SetColorIndex(x, y, i)
		}
	}
	return out
}
