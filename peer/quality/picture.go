package quality

import (
	"image/color"
	"image/png"
	"io"

	"golang.org/x/image/font"
	plotfont "gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// panelsAcross is how many panels, one a row of the scoreboard, stand side by side.
const panelsAcross = 3

// Lengths are in points; a point is two pixels.
const (
	panelWidth  vg.Length = 290
	panelHeight vg.Length = 200
	margin      vg.Length = 20
	headHeight  vg.Length = 62 // of the picture
	dpi                   = 144
)

var (
	ink        = color.RGBA{0x22, 0x2b, 0x35, 0xff}
	faintInk   = color.RGBA{0x5b, 0x66, 0x72, 0xff}
	gridInk    = color.RGBA{0xe6, 0xe9, 0xec, 0xff}
	axisInk    = color.RGBA{0x9a, 0xa4, 0xae, 0xff}
	glassInk   = color.RGBA{0x1f, 0x5f, 0xa8, 0xff}
	goalInk    = color.RGBA{0x8f, 0xb4, 0xdc, 0xff}
	stillInk   = color.RGBA{0xf6, 0xd5, 0xd1, 0xff}
	sentInk    = color.RGBA{0x1d, 0x8a, 0x5b, 0xff}
	rivalInk   = color.RGBA{0xd9, 0x8a, 0x1a, 0xff}
	carriesInk = color.RGBA{0xe4, 0xe8, 0xec, 0xff}
	lostInk    = color.RGBA{0xc2, 0x3b, 0x2f, 0xff}
)

// inks are all of them.
var inks = []color.RGBA{ink, faintInk, gridInk, axisInk, glassInk, goalInk, stillInk, sentInk, rivalInk, carriesInk, lostInk}

// legend is what the colours mean, in the order of the strips.
var legend = []struct {
	colour color.Color
	means  string
}{
	{glassInk, "glass to glass"}, {goalInk, "goal for 95 % of pictures"}, {stillInk, "no new picture for 0.2 s"},
	{sentInk, "sent"}, {rivalInk, "sent by the rival"}, {carriesInk, "what the link carries"}, {lostInk, "packets lost"},
}

// WritePNG draws the scoreboard: delay, rate and loss over time, for each row.
func (s *Scoreboard) WritePNG(w io.Writer) error {
	rows := (len(s.Outcomes) + panelsAcross - 1) / panelsAcross
	width := panelsAcross*(panelWidth+margin) + margin
	height := headHeight + vg.Length(rows)*(panelHeight+margin)
	img := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(dpi))
	s.drawHead(draw.New(img))
	for i := range s.Outcomes {
		corner := vg.Point{
			X: margin + vg.Length(i%panelsAcross)*(panelWidth+margin),
			Y: height - headHeight - vg.Length(i/panelsAcross)*(panelHeight+margin) - panelHeight,
		}
		place := vg.Rectangle{Min: corner, Max: corner.Add(vg.Point{X: panelWidth, Y: panelHeight})}
		if err := s.Outcomes[i].drawPanel(draw.Canvas{Canvas: img, Rectangle: place}); err != nil {
			return err
		}
	}
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	return encoder.Encode(w, paletted(img.Image(), shades(inks)))
}

// drawHead writes the title and the legend.
func (s *Scoreboard) drawHead(c draw.Canvas) {
	const title = "Calls over bad links"
	at := vg.Point{X: c.Min.X + margin, Y: c.Max.Y - 14}
	words := style(15, font.WeightBold, ink)
	c.FillText(words, at, title)
	c.FillText(style(9, font.WeightNormal, faintInk), at.Add(vg.Point{X: words.Width(title) + 10, Y: -4.5}), s.How)
	at.Y -= 26
	words = style(8.5, font.WeightNormal, ink)
	for _, l := range legend {
		c.SetColor(l.colour)
		c.Fill(vg.Rectangle{Min: at.Add(vg.Point{Y: -8}), Max: at.Add(vg.Point{X: 14, Y: -2})}.Path())
		at.X += 18
		c.FillText(words, at, l.means)
		at.X += words.Width(l.means) + 16
	}
}

// style is how words are written that begin at a point, or end there with an
// alignment to the right, and hang from it.
func style(size vg.Length, weight font.Weight, colour color.Color) text.Style {
	return text.Style{
		Color: colour, XAlign: draw.XLeft, YAlign: draw.YTop,
		Font:    plotfont.Font{Typeface: "Liberation", Variant: "Sans", Weight: weight, Size: size},
		Handler: text.Plain{Fonts: plotfont.NewCache(liberation.Collection())},
	}
}
