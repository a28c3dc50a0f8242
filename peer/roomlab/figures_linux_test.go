package roomlab

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/skulltech/prattle/peer"
	"github.com/skulltech/prattle/peer/prattletest"
	"github.com/skulltech/prattle/peer/traced"
)

// A span is a time in which is measured what goes on evenly.
type span struct{ from, to time.Time }

// even waits for as long as is measured, and says when that was.
func (r *room) even() span {
	s := span{from: time.Now()}
	prattletest.After(r.t, *length)
	s.to = time.Now()
	return s
}

func (s span) seconds() float64 { return s.to.Sub(s.from).Seconds() }

// A flow is what one member has seen and heard of another in a span.
type flow struct {
	from, to  *member
	fps       float64
	freezes   uint64
	concealed float64 // share of the time in which sound was made up
	heard     bool    // sound came in all of it
	recvKbps  float64 // of the median second
	width     int     // of the pictures, as they came last
}

// leastSound is a rate, in kbit/s, between that of feedback alone (9) and that with
// sound at its lowest (20).
const leastSound = 12

// String is a flow in messages of tests.
func (f flow) String() string {
	return fmt.Sprintf("%s to %s: %.1f fps, %d freezes, %.2f %% concealed, %.0f kbit/s, %d wide",
		f.from.name, f.to.name, f.fps, f.freezes, 100*f.concealed, f.recvKbps, f.width)
}

// flows are those between all members in a span.
func flows(members []*member, s span) (all []flow) {
	for _, m := range members {
		trace := m.Trace()
		for _, o := range m.others(members) {
			f := flowOf(trace.Of(o.ID), s)
			f.from, f.to = o, m
			all = append(all, f)
		}
	}
	return all
}

func flowOf(t traced.Trace, s span) flow {
	during := t.Between(s.from, s.to)
	f := flow{fps: float64(during.Count(traced.Shown)) / s.seconds()}
	var rates []float64
	for _, e := range during {
		if e.Ev == "stats" {
			rates = append(rates, e.RecvKbps)
		}
	}
	f.recvKbps = prattletest.Percentile(rates, 0.5)
	f.heard = len(rates) > int(s.seconds())/2 && slices.Min(rates) > leastSound
	before, after := t.StatsAt(s.from), t.StatsAt(s.to)
	f.freezes, f.width = after.Freezes-before.Freezes, after.Width
	f.concealed = (after.ConcealedMs - before.ConcealedMs) / (1000 * s.seconds())
	return f
}

// spentOf is for which share of a core members have computed while f ran.
func (r *room) spentOf(members []*member, f func()) []float64 {
	r.t.Helper()
	began, before := time.Now(), r.processorTimes(members)
	f()
	took, after := time.Since(began), r.processorTimes(members)
	spent := make([]float64, len(members))
	for i := range members {
		spent[i] = (after[i] - before[i]).Seconds() / took.Seconds()
	}
	return spent
}

func (r *room) processorTimes(members []*member) (times []time.Duration) {
	r.t.Helper()
	for _, m := range members {
		d, err := m.ProcessorTime()
		r.must(err)
		times = append(times, d)
	}
	return times
}

// summary is what a member has summed up at its end, of the peers by ID.
func (r *room) summary(m *member) map[string]*peer.Summary {
	r.t.Helper()
	m.Stop()
	var s struct{ Links []*peer.Summary }
	if err := json.Unmarshal(m.Output(), &s); err != nil {
		r.t.Fatalf("%s gave no summary: %v\n%s", m.name, err, m.Notes())
	}
	links := make(map[string]*peer.Summary)
	for _, l := range s.Links {
		links[l.Peer] = l
	}
	return links
}

// delays are the 95th percentiles of the time from glass to glass between members,
// which end; in milliseconds, the whole time of the room.
func (r *room) delays(members []*member) (p95 []float64) {
	r.t.Helper()
	for _, m := range members {
		links := r.summary(m)
		for _, o := range m.others(members) {
			if l := links[o.ID]; l != nil && l.Stamps > 0 {
				p95 = append(p95, l.GlassP95)
			}
		}
	}
	return p95
}

// shares are percentages of a core, in words.
func shares(spent []float64) string {
	return fmt.Sprintf("%.0f to %.0f %% of a core each, %.0f %% in all", 100*slices.Min(spent), 100*slices.Max(spent), 100*sum(spent))
}

func sum(values []float64) (s float64) {
	for _, v := range values {
		s += v
	}
	return s
}

// of picks a figure of each flow.
func of(flows []flow, figure func(flow) float64) (values []float64) {
	for _, f := range flows {
		values = append(values, figure(f))
	}
	return values
}

func fps(f flow) float64       { return f.fps }
func concealed(f flow) float64 { return f.concealed }
