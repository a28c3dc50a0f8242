package roomlab

import (
	"fmt"
	"testing"
	"time"

	"github.com/skulltech/prattle/peer/prattletest"
)

// audiences are how many people look at one who is seen at 360p, and the size of the
// view in which each of them has that much room for everybody.
var audiences = []struct {
	listeners int
	view      string
}{{1, "640x360"}, {3, "1280x720"}, {7, "1920x1080"}}

// TestBurdenOfListeners has one, three and seven people look at one, who computes what
// it costs to send: the others send nothing.
func TestBurdenOfListeners(t *testing.T) {
	spent := make(map[int][]float64)
	for range prattletest.Runs() {
		for _, a := range audiences {
			t.Run(fmt.Sprintf("%d listeners", a.listeners), func(t *testing.T) {
				spent[a.listeners] = append(spent[a.listeners], burden(t, a.listeners, a.view))
			})
		}
	}
	median := func(listeners int) float64 { return prattletest.Percentile(spent[listeners], 0.5) }
	few, some, many := median(1), median(3), median(7)
	if few == 0 || some == 0 || many == 0 {
		return // they were skipped, or have failed
	}
	further := (many - few) / 6
	prattletest.Tell("processor of who sends 360p to 1, 3, 7 listeners", fmt.Sprintf("%.1f, %.1f, %.1f %% of a core", 100*few, 100*some, 100*many), "")
	prattletest.Tell("… each further listener", fmt.Sprintf("%.1f %% of a core", 100*further), "at most 5 %")
	// What does not grow with the listeners, capture and encoding, is what is left for
	// none of them, by the line through one and three, and through one and seven.
	byFew, byMany := few-(some-few)/2, few-further
	prattletest.Tell("… all else, by 1 and 7 against by 1 and 3 listeners", fmt.Sprintf("%.1f %% against %.1f %% of a core, ratio %.2f", 100*byMany, 100*byFew, byMany/byFew), "within 15 %")
	if further > 0.2 || many > 4*few {
		t.Error("by far too much for a listener")
	}
}

// burden is for which share of a core one computes at whom others look.
func burden(t *testing.T, listeners int, view string) float64 {
	r := openRoom(t, listeners+1)
	members := r.prepare(r.Hosts)
	sender := members[0]
	r.enter(sender, "--video", "test", "--video-size", "640x360", "--fps", "15")
	for _, m := range members[1:] {
		r.enter(m, "--audio", "none", "--view", "file:/dev/null", "--view-size", view)
	}
	r.mustBeLinked(members)
	prattletest.After(t, settling)
	var s span
	spent := r.spentOf(members[:1], func() { s = r.even() })
	for _, m := range members[1:] {
		f := flowOf(m.Trace().Of(sender.ID), s)
		f.from, f.to = sender, m
		t.Log(f)
		if f.fps < 5 || f.width != 640 {
			t.Errorf("this is not 360p: %v", f)
		}
	}
	return spent[0]
}

// thinRate and thinLoss are of the line of one who takes part over a phone.
const (
	thinRate = 300_000 // bit/s
	thinLoss = 0.05
)

// TestThinMember compares rooms of four in which one has a thin line with such in which
// nobody has.
func TestThinMember(t *testing.T) {
	var rates, delays, weakRates [2][]float64
	for range prattletest.Runs() {
		for thin := range 2 {
			t.Run([]string{"good lines", "a thin line"}[thin], func(t *testing.T) {
				o := withThin(t, thin == 1)
				rates[thin] = append(rates[thin], o.fps)
				delays[thin] = append(delays[thin], o.delay)
				weakRates[thin] = append(weakRates[thin], o.seenBy...)
			})
		}
	}
	if len(rates[1]) == 0 {
		return
	}
	compare := func(v [2][]float64) (without, with float64) {
		return prattletest.Percentile(v[0], 0.5), prattletest.Percentile(v[1], 0.5)
	}
	without, with := compare(rates)
	prattletest.Tell("a member of 4 at 300 kbit/s and 5 % loss: pictures a second among the others", fmt.Sprintf("%.2f, without it %.2f, ratio %.3f", with, without, with/without), "within 3 %")
	late, later := compare(delays)
	prattletest.Tell("… glass to glass among the others, p95", fmt.Sprintf("%.0f ms, without it %.0f ms, ratio %.3f", later, late, later/late), "within 3 %")
	_, weak := compare(weakRates)
	prattletest.Tell("… pictures a second that it sees of each", fmt.Sprintf("median %.1f, least %.1f", weak, prattletest.Percentile(weakRates[1], 0)), "")
	if with < without*0.7 {
		t.Error("the others suffer by far too much")
	}
}

// thinOutcome is how a room of four went of which the last may have a thin line.
type thinOutcome struct {
	fps    float64   // mean among the others
	delay  float64   // p95 from glass to glass among the others, the mean, in ms
	seenBy []float64 // pictures a second that the last one saw of each
}

func withThin(t *testing.T, thin bool) (o thinOutcome) {
	r := openRoom(t, 4)
	if thin {
		r.must(r.Hosts[3].Thin(thinRate, thinLoss))
	}
	members := r.meet(r.Hosts, pictures...)
	others := members[:3]
	prattletest.After(t, settling+5*time.Second) // the line is found to be thin
	s := r.even()
	for _, f := range flows(members, s) {
		t.Log(f)
		if f.to == members[3] {
			o.seenBy = append(o.seenBy, f.fps)
		}
	}
	good := of(flows(others, s), fps)
	o.fps = sum(good) / float64(len(good))
	delays := r.delays(others)
	o.delay = sum(delays) / max(float64(len(delays)), 1)
	return o
}
