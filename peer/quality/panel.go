package quality

import (
	"fmt"
	"slices"
	"time"

	"golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// titleHeight is that of the words above a panel's strips, in points.
const titleHeight vg.Length = 29

// The strips of a panel, from the top, and their shares of its height.
var stripShares = [3]vg.Length{0.44, 0.32, 0.24}

const (
	// glassTop is the top of all delay strips, in ms. What exceeds it goes to the
	// top, and the worst is told in words.
	glassTop = 250
	// lossTop is that of all loss strips, in percent.
	lossTop = 40
	// freeTop is that of the rate strip where there is no bottleneck, in Mbit/s.
	freeTop = 4
	// headroom above what the link carries shows who sends more.
	headroom = 1.3
	// rateWindow evens the rhythm of pictures out.
	rateWindow = 300 * time.Millisecond
	// still is a pause between pictures that is marked.
	still = 200 * time.Millisecond
)

// drawPanel draws one row of the scoreboard.
func (o *Outcome) drawPanel(c draw.Canvas) error {
	o.drawTitle(c)
	series := o.Recording.Series()
	var strips []*plot.Plot
	for _, strip := range []func(Series) (*plot.Plot, error){o.glassStrip, o.rateStrip, o.lossStrip} {
		p, err := strip(series)
		if err != nil {
			return fmt.Errorf("draw %s: %w", o.Row.Name, err)
		}
		strips = append(strips, p)
	}
	c.Max.Y -= titleHeight
	height := c.Max.Y - c.Min.Y
	places := make([]draw.Canvas, len(strips))
	for i, share := range stripShares {
		places[i] = c
		c.Max.Y -= share * height
		places[i].Min.Y = c.Max.Y
	}
	align(strips, places)
	for i, p := range strips {
		p.Draw(places[i])
	}
	return nil
}

// align narrows the places of strips so that their data begins and ends at the
// same x.
func align(strips []*plot.Plot, places []draw.Canvas) {
	var left, right vg.Length
	for i, p := range strips {
		data := p.DataCanvas(places[i])
		left, right = max(left, data.Min.X), max(right, places[i].Max.X-data.Max.X)
	}
	for i, p := range strips {
		data := p.DataCanvas(places[i])
		places[i] = draw.Crop(places[i], left-data.Min.X, places[i].Max.X-data.Max.X-right, 0, 0)
	}
}

// drawTitle writes above a panel what it is and what came of it.
func (o *Outcome) drawTitle(c draw.Canvas) {
	at := vg.Point{X: c.Min.X, Y: c.Max.Y}
	c.FillText(style(10.5, font.WeightBold, ink), at, o.Row.Title)
	verdict := style(8.5, font.WeightNormal, sentInk)
	words := "all goals met"
	if n := len(o.Missed()); n > 0 {
		words, verdict.Color = fmt.Sprintf("%d of %d goals missed", n, len(o.Row.Goals)), lostInk
	}
	verdict.XAlign = draw.XRight
	c.FillText(verdict, vg.Point{X: c.Max.X, Y: at.Y - 1.5}, words)
	c.FillText(style(8.5, font.WeightNormal, faintInk), vg.Point{X: at.X, Y: at.Y - 13.5}, o.inWords())
}

// inWords is the outcome in a line.
func (o *Outcome) inWords() string {
	f := o.Figures
	words := fmt.Sprintf("%s ms · %g/s · %g lines · freezes %g · concealed %g %%",
		o.cell(GlassP50, GlassP95).figures, f[FPS], f[Height], f[Freezes], f[Concealed])
	if used, ok := f[Used]; ok {
		words += fmt.Sprintf(" · link %g %%", used)
	}
	return words
}

// glassStrip shows how old the pictures were, and where there were none.
func (o *Outcome) glassStrip(s Series) (*plot.Plot, error) {
	d := newDiagram("ms", glassTop, o.Recording.Length)
	shown := o.Recording.Shown
	for i := range shown {
		until := o.Recording.Length
		if i+1 < len(shown) {
			until = shown[i+1].At
		}
		if until-shown[i].At > still {
			d.band(shown[i].At, until, stillInk)
		}
	}
	for _, g := range o.Row.goals(GlassP95) {
		d.level(g.Bound, goalInk)
	}
	d.line(s.Glass, glassInk)
	var oldest Shown
	for _, s := range shown {
		if s.Age > oldest.Age {
			oldest = s
		}
	}
	if ms(oldest.Age) > glassTop {
		d.note(oldest.At, fmt.Sprintf("%.0f ms", ms(oldest.Age)), glassInk)
	}
	return d.Plot, d.err
}

// rateStrip shows what was sent, and what the link could carry.
func (o *Outcome) rateStrip(s Series) (*plot.Plot, error) {
	top := freeTop / headroom
	if o.Row.Link.Rate > 0 {
		top = slices.Max(s.Capacity)
	}
	d := newDiagram("Mbit/s", top*headroom, o.Recording.Length)
	if o.Row.Link.Rate > 0 {
		d.area(s.Capacity, carriesInk)
	}
	if o.Row.Rival != Nobody {
		d.line(smooth(s.Rival, rateWindow), rivalInk)
	}
	d.line(smooth(s.Sent, rateWindow), sentInk)
	return d.Plot, d.err
}

// lossStrip shows what share of packets did not arrive. Below it stands the time.
func (o *Outcome) lossStrip(s Series) (*plot.Plot, error) {
	d := newDiagram("% lost", lossTop, o.Recording.Length)
	d.X.Tick.Marker = timeTicks(o.Recording.Length)
	d.area(s.Lost, lostInk)
	return d.Plot, d.err
}

// grid lies behind all else.
func grid() *plotter.Grid {
	g := plotter.NewGrid()
	g.Horizontal.Color, g.Vertical.Color = gridInk, gridInk
	return g
}
