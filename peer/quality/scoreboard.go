package quality

import (
	"encoding/json"
	"io"
	"slices"
)

// A Scoreboard is what the rows came to.
type Scoreboard struct {
	How      string // it was run, in a phrase
	Outcomes []Outcome
}

// An Outcome is what one row came to.
type Outcome struct {
	Row       *Row
	Recording *Recording
	Figures   Figures
}

// Add measures a recording and makes it part of the scoreboard.
func (s *Scoreboard) Add(r *Recording) *Outcome {
	o := Outcome{r.Row, r, r.Measure()}
	o.drop()
	s.Outcomes = append(s.Outcomes, o)
	s.compare()
	return &s.Outcomes[len(s.Outcomes)-1]
}

// drop forgets the figures that mean nothing in this row: those about an event
// that no goal is about.
func (o *Outcome) drop() {
	for m := range o.Figures {
		if _, special := names[m]; special && len(o.Row.goals(m)) == 0 {
			delete(o.Figures, m)
		}
	}
}

// compare relates rates to that of the clean link, once there is one.
func (s *Scoreboard) compare() {
	i := slices.IndexFunc(s.Outcomes, func(o Outcome) bool { return o.Row.Name == cleanRow })
	if i < 0 {
		return
	}
	for _, o := range s.Outcomes {
		if len(o.Row.goals(WireRatio)) > 0 {
			o.Figures.set(WireRatio, o.Figures[WireRate]/s.Outcomes[i].Figures[WireRate])
		}
	}
}

// misses says whether a goal of the row was not reached. A figure that could not
// be taken, such as how long until the link was full when it never was, reaches
// no goal; but where the clean row was not run there is nothing to compare with.
func (o *Outcome) misses(g Goal) bool {
	v, ok := o.Figures[g.Metric]
	if !ok {
		return g.Metric != WireRatio
	}
	return !g.Met(v)
}

// Missed are the goals of the row that were not reached.
func (o *Outcome) Missed() (missed []Goal) {
	for _, g := range o.Row.Goals {
		if o.misses(g) {
			missed = append(missed, g)
		}
	}
	return missed
}

// WriteJSON writes all figures, one a line and always in the same order, so that
// a change for the worse is seen in review.
func (s *Scoreboard) WriteJSON(w io.Writer) error {
	type row struct {
		Name    string   `json:"name"`
		Title   string   `json:"title"`
		Seconds float64  `json:"seconds"`
		Figures Figures  `json:"figures"`
		Missed  []string `json:"missed"`
	}
	out := struct {
		How  string `json:"how"`
		Rows []row  `json:"rows"`
	}{How: s.How}
	for _, o := range s.Outcomes {
		missed := []string{}
		for _, g := range o.Missed() {
			missed = append(missed, g.String())
		}
		out.Rows = append(out.Rows, row{o.Row.Name, o.Row.Title, o.Recording.Length.Seconds(), o.Figures, missed})
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(out)
}
