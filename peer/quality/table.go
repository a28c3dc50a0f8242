package quality

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// column is one of the table: metrics that belong together.
type column struct {
	head    string
	unit    string
	metrics []Metric
}

var columns = []column{
	{"glass to glass", "p50/p95 ms", []Metric{GlassP50, GlassP95}},
	{"mouth to ear", "p50/p95 ms", []Metric{MouthP50, MouthP95}},
	{"pictures", "a second", []Metric{FPS}},
	{"size", "lines", []Metric{Height}},
	{"gap", "ms", []Metric{Gap}},
	{"freezes", "", []Metric{Freezes}},
	{"concealed", "% of sound", []Metric{Concealed}},
	{"video", "kbit/s", []Metric{VideoRate}},
	{"queue", "mean/p95 ms", []Metric{QueueMean, QueueP95}},
	{"used", "% of link", []Metric{Used}},
}

// names are those of metrics that have no column.
var names = map[Metric]string{
	WireRatio: "bits to clean", Needless: "needless NACKs %", LinkShare: "share of the link %", LargerShare: "larger share %",
	WorstAfter: "worst glass to glass ms", GapAfter: "gap after it ms", QueueAfter: "longest queue ms", Calm: "queue short again s",
	Climb: "90 % of the link s", FullPicture: "720 lines after s", Back: "picture back s", BackP95: "then p95 ms",
}

// cell is what a table says of metrics: the figures, then their goals.
type cell struct {
	figures string
	goals   string
	missed  bool
}

func (c cell) String() string {
	if c.goals == "" {
		return c.figures
	}
	mark := "✓"
	if c.missed {
		mark = "✗"
	}
	return c.figures + " " + c.goals + " " + mark
}

// cell tells of metrics together. A figure that is not there is a dash.
func (o *Outcome) cell(metrics ...Metric) (c cell) {
	var figures []string
	var goals []Goal
	for _, m := range metrics {
		figure := "–"
		if v, ok := o.Figures[m]; ok {
			figure = fmt.Sprintf("%g", v)
		}
		figures = append(figures, figure)
		for _, g := range o.Row.goals(m) {
			goals = append(goals, g)
			c.missed = c.missed || o.misses(g)
		}
	}
	if c.figures = strings.Join(figures, "/"); strings.Trim(c.figures, "–/") == "" && len(goals) == 0 {
		return cell{figures: "–"}
	}
	c.goals = joined(goals)
	return c
}

// joined writes goals as briefly as they can be understood: ≤42/50, ≥30 ≤60.
func joined(goals []Goal) string {
	var b strings.Builder
	for i, g := range goals {
		switch {
		case i == 0:
			b.WriteString(g.bound())
		case g.AtLeast == goals[i-1].AtLeast:
			fmt.Fprintf(&b, "/%g", g.Bound)
		default:
			b.WriteString(" " + g.bound())
		}
	}
	return b.String()
}

// further tells of the goals whose metrics have no column.
func (o *Outcome) further() (all []string) {
	told := make(map[Metric]bool)
	for _, g := range o.Row.Goals {
		if name, ok := names[g.Metric]; ok && !told[g.Metric] {
			told[g.Metric] = true
			all = append(all, name+" "+o.cell(g.Metric).String())
		}
	}
	return all
}

// WriteTable writes the scoreboard for a terminal: a line a row, goals behind the
// figures, ✗ behind those that were missed.
func (s *Scoreboard) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range columns {
		fmt.Fprint(t, "\t", c.head)
	}
	fmt.Fprintln(t, "\tfurther")
	for _, c := range columns {
		fmt.Fprint(t, "\t", c.unit)
	}
	fmt.Fprintln(t, "\t")
	for i := range s.Outcomes {
		o := &s.Outcomes[i]
		fmt.Fprint(t, o.Row.Title)
		for _, c := range columns {
			fmt.Fprint(t, "\t", o.cell(c.metrics...))
		}
		fmt.Fprintf(t, "\t%s\n", strings.Join(o.further(), ", "))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return s.writeDoubts(w)
}

// crowded is how much waiting for a processor, in percent of the time, spoils
// what is measured: a call alone on two processors makes about a quarter of it.
const crowded = 40

// writeDoubts names the rows during which the machine had other things to do.
func (s *Scoreboard) writeDoubts(w io.Writer) error {
	var doubtful []string
	for _, o := range s.Outcomes {
		if v := o.Figures[CPUWait]; v > crowded {
			doubtful = append(doubtful, fmt.Sprintf("%s (%g %%)", o.Row.Title, v))
		}
	}
	if len(doubtful) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w, "\nSomething waited for a processor too often to trust these figures: %s.\n", strings.Join(doubtful, ", "))
	return err
}

// WriteMarkdown writes the scoreboard for readers of the repository, with what
// Chromium did on the same links. What missed its goal is in bold.
func (s *Scoreboard) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "<!-- Written by make quality and make quality-net; see peer/quality. -->\n\n")
	fmt.Fprintf(&b, "Calls %s, %s\n\n", s.How, "20 ms each way unless the row says otherwise. Goals stand behind the figures, ✗ marks what missed them.")
	b.WriteString("| link |")
	for _, c := range columns {
		fmt.Fprintf(&b, " %s |", strings.TrimSpace(c.head+" "+c.unit))
	}
	b.WriteString(" further | WebRTC in Chromium 156 |\n|")
	b.WriteString(strings.Repeat(" --- |", len(columns)+3) + "\n")
	for i := range s.Outcomes {
		o := &s.Outcomes[i]
		fmt.Fprintf(&b, "| %s |", o.Row.Title)
		for _, c := range columns {
			fmt.Fprintf(&b, " %s |", o.cell(c.metrics...).markdown())
		}
		fmt.Fprintf(&b, " %s | %s |\n", strings.Join(o.further(), "<br>"), o.Row.Chromium)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (c cell) markdown() string {
	if c.missed {
		return "**" + c.String() + "**"
	}
	return c.String()
}
