package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// pairColumns are those of the table that ends the demo of a room.
var pairColumns = []struct {
	name string
	cell func(pair) string
}{
	{"from", func(p pair) string { return p.From }},
	{"to", func(p pair) string { return p.To }},
	{"linked", func(p pair) string { return fmt.Sprintf("%.2f s", p.LinkedAfter) }},
	{"first picture", func(p pair) string { return choose(p.Link.Shown == 0, "none", fmt.Sprintf("%.2f s", p.PictureAfter)) }},
	{"shown", func(p pair) string { return fmt.Sprintf("%.1f/s", p.Link.ShownFPS) }},
	{"size", func(p pair) string { return fmt.Sprintf("%dx%d", p.Link.Width, p.Link.Height) }},
	{"glass to glass p50 / p95", func(p pair) string { return latencies(p.Link.GlassP50, p.Link.GlassP95) }},
	{"concealed", func(p pair) string { return fmt.Sprintf("%.1f %%", concealed(p.Link.ConcealedMs, p.Link.Seconds)) }},
	{"received", func(p pair) string { return rate(p.Link.RecvKbps) }},
}

// concealed is the share of sound that had to be made up, in per cent.
func concealed(ms, seconds float64) float64 {
	if seconds <= 0 {
		return 0
	}
	return ms / 10 / seconds
}

// print prints a line for each pair, then what each process took.
func (r *roomDemo) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	for i, column := range pairColumns {
		fmt.Fprint(w, separator(i), column.name)
	}
	fmt.Fprintln(w)
	for _, p := range r.Pairs {
		for i, column := range pairColumns {
			fmt.Fprint(w, separator(i), column.cell(p))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w)
	for _, s := range r.Processes {
		fmt.Fprintf(w, "%s\t%.2f cores\t%.0f MB\n", s.Name, s.CPU, s.MemoryMB)
	}
	return w.Flush()
}

func separator(column int) string {
	if column == 0 {
		return ""
	}
	return "\t"
}
