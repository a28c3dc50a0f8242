package natlab

import (
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

// tell prints a line of the table of what was measured, and for which share of the
// time since the lines before something waited for a processor: how far it can be
// trusted.
func tell(what, measured, wanted string) {
	now := time.Now()
	if waited, known := netns.ProcessorWaits(); known && now.Sub(told.at) > time.Second {
		told.crowded = fmt.Sprintf("%.0f %%", 100*(waited-told.waited).Seconds()/now.Sub(told.at).Seconds())
		told.at, told.waited = now, waited
	}
	fmt.Printf("| %s | %s | %s | %s |\n", what, measured, wanted, told.crowded)
}

// percentile is that of durations, by the nearest rank; 0 of none.
func percentile(d []time.Duration, p float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	d = slices.Sorted(slices.Values(d))
	return d[min(int(p*float64(len(d))), len(d)-1)]
}

// spread is the median, the 95th percentile and the longest of durations, in words.
func spread(d []time.Duration) string {
	return fmt.Sprintf("p50 %s, p95 %s, max %s of %d", brief(percentile(d, 0.5)), brief(percentile(d, 0.95)), brief(percentile(d, 1)), len(d))
}

// brief is a duration to the hundredth of a second.
func brief(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
