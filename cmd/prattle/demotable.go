package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// demoRows are the lines of the table that ends a demo.
var demoRows = []struct {
	name string
	cell func(side) string
}{
	{"pictures shown", func(s side) string {
		return fmt.Sprintf("%.1f/s at %dx%d", s.Call.ShownFPS, s.Call.Width, s.Call.Height)
	}},
	{"glass to glass p50 / p95", func(s side) string { return latencies(s.Call.GlassP50, s.Call.GlassP95) }},
	{"mouth to ear p50 / p95", func(s side) string { return latencies(s.Call.MouthP50, s.Call.MouthP95) }},
	{"received", func(s side) string { return rate(s.Call.RecvKbps) }},
	{"sent", func(s side) string { return rate(s.Call.SendKbps) }},
	{"lost", func(s side) string { return fmt.Sprintf("%.1f %%", s.Call.Loss*100) }},
	{"sound concealed", func(s side) string { return fmt.Sprintf("%.0f ms", s.Call.ConcealedMs) }},
	{"CPU", func(s side) string { return fmt.Sprintf("%.2f cores", s.CPU) }},
	{"memory", func(s side) string { return fmt.Sprintf("%.0f MB", s.MemoryMB) }},
}

func latencies(p50, p95 float64) string {
	if p50 < 0 {
		return "not measured"
	}
	return fmt.Sprintf("%.1f / %.1f ms", p50, p95)
}

// printSides prints what both sides measured, side by side.
func printSides(out io.Writer, sides []side) error {
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	for _, s := range sides {
		fmt.Fprintf(w, "\t%s", s.Side)
	}
	fmt.Fprintln(w)
	for _, row := range demoRows {
		fmt.Fprint(w, row.name)
		for _, s := range sides {
			fmt.Fprintf(w, "\t%s", row.cell(s))
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}
