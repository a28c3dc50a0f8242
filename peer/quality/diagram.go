package quality

import (
	"fmt"
	"image/color"
	"math"
	"time"

	"golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A diagram shows values over the time of a call, from zero to a top that they
// are cut off at. err is the first that drawing came upon.
type diagram struct {
	*plot.Plot
	top float64
	err error
}

func newDiagram(unit string, top float64, length time.Duration) *diagram {
	d := &diagram{Plot: plot.New(), top: top}
	d.BackgroundColor = nil
	d.X.Min, d.X.Max = 0, length.Seconds()
	d.Y.Min, d.Y.Max = 0, top
	words := style(7.5, font.WeightNormal, faintInk)
	for _, a := range []*plot.Axis{&d.X, &d.Y} {
		a.Padding = 0
		a.LineStyle.Color, a.LineStyle.Width = axisInk, vg.Points(0.5)
		a.Tick.LineStyle, a.Tick.Length = a.LineStyle, vg.Points(2)
		for _, s := range []*draw.TextStyle{&a.Tick.Label, &a.Label.TextStyle} {
			s.Font, s.Color, s.Handler = words.Font, words.Color, words.Handler
		}
	}
	d.Y.Label.Text = unit
	d.Y.Tick.Marker = roundTicks(top)
	d.X.Tick.Marker = unlabelled(timeTicks(length))
	d.Add(grid())
	return d
}

// add draws what a constructor made, unless it failed.
func add[P plot.Plotter](d *diagram, p P, err error) {
	switch {
	case d.err != nil:
	case err != nil:
		d.err = err
	default:
		d.Add(p)
	}
}

// at is the x of bin i.
func at(i int) float64 { return float64(i) * bin.Seconds() }

// line draws values bin by bin, interrupted where there are none for a while.
func (d *diagram) line(v []float64, colour color.Color) {
	var run plotter.XYs
	flush := func() {
		if len(run) == 1 { // a point alone would not be seen
			run = append(run, plotter.XY{X: run[0].X + bin.Seconds(), Y: run[0].Y})
		}
		if len(run) > 0 {
			l, err := plotter.NewLine(run)
			if err == nil {
				l.Color, l.Width = colour, vg.Points(0.9)
			}
			add(d, l, err)
		}
		run = nil
	}
	last := 0
	for i, y := range v {
		if math.IsNaN(y) {
			continue
		}
		if time.Duration(i-last)*bin > still {
			flush()
		}
		last = i
		run = append(run, plotter.XY{X: at(i), Y: min(y, d.top)})
	}
	flush()
}

// area fills what lies below values, bin by bin.
func (d *diagram) area(v []float64, colour color.Color) {
	outline := plotter.XYs{{X: 0, Y: 0}}
	for i, y := range v {
		y = min(y, d.top)
		outline = append(outline, plotter.XY{X: at(i), Y: y}, plotter.XY{X: at(i + 1), Y: y})
	}
	d.fill(append(outline, plotter.XY{X: at(len(v)), Y: 0}), colour)
}

// band fills all heights from one time to another.
func (d *diagram) band(from, until time.Duration, colour color.Color) {
	x0, x1 := max(from, 0).Seconds(), until.Seconds()
	d.fill(plotter.XYs{{X: x0, Y: 0}, {X: x0, Y: d.top}, {X: x1, Y: d.top}, {X: x1, Y: 0}}, colour)
}

func (d *diagram) fill(outline plotter.XYs, colour color.Color) {
	p, err := plotter.NewPolygon(outline)
	if err == nil {
		p.Color, p.LineStyle.Width = colour, 0
	}
	add(d, p, err)
}

// level draws a dashed line at a height, if that is within the diagram.
func (d *diagram) level(y float64, colour color.Color) {
	if y > d.top {
		return
	}
	l, err := plotter.NewLine(plotter.XYs{{X: d.X.Min, Y: y}, {X: d.X.Max, Y: y}})
	if err == nil {
		l.Color, l.Width, l.Dashes = colour, vg.Points(0.8), []vg.Length{3, 2}
	}
	add(d, l, err)
}

// note writes below the top what happened at a time.
func (d *diagram) note(when time.Duration, words string, colour color.Color) {
	x := when.Seconds()
	l, err := plotter.NewLabels(plotter.XYLabels{XYs: plotter.XYs{{X: x, Y: d.top}}, Labels: []string{words}})
	if err == nil {
		l.TextStyle[0] = style(7.5, font.WeightNormal, colour)
		l.Offset.X = 3
		if x > d.X.Max/2 { // so that it stays within the diagram
			l.TextStyle[0].XAlign, l.Offset.X = draw.XRight, -3
		}
	}
	add(d, l, err)
}

// roundTicks are three or four round values up to top.
func roundTicks(top float64) (ticks plot.ConstantTicks) {
	step := math.Pow10(int(math.Floor(math.Log10(top))))
	for top/step < 2 {
		step /= 2
	}
	for top/step >= 4 {
		step *= 2
	}
	for v := 0.0; v <= top+step/1000; v += step {
		ticks = append(ticks, plot.Tick{Value: v, Label: fmt.Sprintf("%g", math.Round(v*1000)/1000)})
	}
	return ticks
}

// timeTicks are round numbers of seconds.
func timeTicks(length time.Duration) (ticks plot.ConstantTicks) {
	step := 10
	if length < 35*time.Second {
		step = 5
	}
	for s := 0; s <= int(length.Seconds()); s += step {
		ticks = append(ticks, plot.Tick{Value: float64(s), Label: fmt.Sprintf("%d s", s)})
	}
	return ticks
}

// unlabelled leaves the words of ticks out.
func unlabelled(ticks plot.ConstantTicks) plot.ConstantTicks {
	for i := range ticks {
		ticks[i].Label = ""
	}
	return ticks
}
