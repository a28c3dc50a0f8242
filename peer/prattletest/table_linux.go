package prattletest

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/skulltech/prattle/peer/netns"
)

// told is when lines of the table were last printed, how long anything had waited
// for a processor by then, and what that came to.
var told struct {
	at      time.Time
	waited  time.Duration
	crowded string
}

// Tell prints a line of the table of what was measured, and for which share of the
// time since the lines before something waited for a processor: how far it can be
// trusted.
func Tell(what, measured, wanted string) {
	now := time.Now()
	if waited, known := netns.ProcessorWaits(); known && now.Sub(told.at) > time.Second {
		told.crowded = fmt.Sprintf("%.0f %%", 100*(waited-told.waited).Seconds()/now.Sub(told.at).Seconds())
		told.at, told.waited = now, waited
	}
	fmt.Printf("| %s | %s | %s | %s |\n", what, measured, wanted, told.crowded)
}

// Percentile is that of values, by the nearest rank; zero of none.
func Percentile[T cmp.Ordered](values []T, p float64) (v T) {
	if len(values) == 0 {
		return v
	}
	values = slices.Sorted(slices.Values(values))
	return values[min(int(p*float64(len(values))), len(values)-1)]
}

// Spread is the median, the 95th percentile and the longest of durations, in words.
func Spread(d []time.Duration) string {
	return fmt.Sprintf("p50 %s, p95 %s, max %s of %d", Brief(Percentile(d, 0.5)), Brief(Percentile(d, 0.95)), Brief(Percentile(d, 1)), len(d))
}

// Brief is a duration to the hundredth of a second.
func Brief(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
