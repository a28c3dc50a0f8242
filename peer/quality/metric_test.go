package quality

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/peer"
	"github.com/skulltech/prattle/quicproto/quictest"
)

const (
	frame = time.Second / 30
	tick  = 10 * time.Millisecond
)

// shownAt makes pictures that are shown at times, all of the same age.
func shownAt(age time.Duration, times ...time.Duration) (shown []Shown) {
	for _, at := range times {
		shown = append(shown, Shown{At: at, Age: age, Width: 1280, Height: 720})
	}
	return shown
}

// steadily are the times of n pictures from a time on.
func steadily(from time.Duration, n int) (times []time.Duration) {
	for i := range n {
		times = append(times, from+time.Duration(i)*frame)
	}
	return times
}

func TestFreezesAreThoseOfWebRTC(t *testing.T) {
	usual := steadily(0, 60)
	end := usual[len(usual)-1]
	for _, c := range []struct {
		gap  time.Duration
		want int
	}{
		{frame, 0},
		{3 * frame, 0},                // exceeds thrice the mean, but not by 150 ms
		{frame + freezeExcess, 0},     // just not
		{frame + freezeExcess + 1, 1}, // just
		{3500 * time.Millisecond, 1},  // a long one is one
	} {
		shown := shownAt(0, append(slices.Clone(usual), steadily(end+c.gap, 60)...)...)
		if got := freezes(shown); got != c.want {
			t.Errorf("a gap of %v after %v each: %d freezes, want %d", c.gap, frame, got, c.want)
		}
	}
	if freezes(nil) != 0 || freezes(shownAt(0, 0)) != 0 {
		t.Error("freezes without pictures")
	}
}

func TestLongestGapReachesToTheEnd(t *testing.T) {
	shown := shownAt(0, 0, 100*time.Millisecond, 400*time.Millisecond)
	if got := longestGap(shown, 500*time.Millisecond); got != 300*time.Millisecond {
		t.Errorf("got %v", got)
	}
	if got := longestGap(shown, 2*time.Second); got != 1600*time.Millisecond {
		t.Errorf("with nothing shown at the end: %v", got)
	}
}

// stream makes packets of 1250 bytes, one each tick, which all wait for a time.
func stream(from, until, wait time.Duration) (packets []Packet) {
	for at := from; at < until; at += tick {
		packets = append(packets, Packet{At: at, Left: at + wait, Size: 1250})
	}
	return packets
}

func TestLinkFigures(t *testing.T) {
	row := &Row{Link: quictest.Link{Rate: 2 * media.Mbps}, Rival: TCPDownload}
	r := Recording{Row: row, Length: 15 * time.Second, Packets: stream(0, 15*time.Second, 20*time.Millisecond)}
	for _, p := range r.Packets[:len(r.Packets)/2*2] {
		if p.At%(2*tick) == 0 {
			p.Rival = true
			r.Packets = append(r.Packets, p)
		}
	}
	r.Packets = append(r.Packets, Packet{At: 10 * time.Second, Left: 10 * time.Second, Size: 1250, Fate: quictest.Overflowed})
	f := make(Figures)
	r.measureLink(f)
	for m, want := range map[Metric]float64{
		WireRate: 1000, LinkShare: 50, Used: 75, LargerShare: 67, QueueMean: 20, QueueP95: 20,
	} {
		if f[m] != want {
			t.Errorf("%s is %g, want %g", m, f[m], want)
		}
	}
}

func TestCapacityFollowsTheLink(t *testing.T) {
	row := &Row{Link: quictest.Link{Rate: 3 * media.Mbps}, Changes: []Change{{10 * time.Second, quictest.Link{Rate: media.Mbps}}}}
	r := Recording{Row: row, Length: 20 * time.Second, Changed: []time.Duration{10 * time.Second}}
	for _, c := range []struct {
		from time.Duration
		want float64
	}{{0, 40e6}, {5 * time.Second, 25e6}, {15 * time.Second, 5e6}} {
		if got := r.capacity(c.from); got != c.want {
			t.Errorf("from %v: %g bits, want %g", c.from, got, c.want)
		}
	}
}

func TestCalmIsTheEndOfTheFirstJam(t *testing.T) {
	const change = 5 * time.Second
	var packets []Packet
	packets = append(packets, stream(0, change, 5*time.Millisecond)...)
	packets = append(packets, stream(change, change+time.Second, 100*time.Millisecond)...)
	packets = append(packets, stream(change+time.Second, change+5*time.Second, 5*time.Millisecond)...)
	packets = append(packets, stream(change+5*time.Second, change+6*time.Second, 100*time.Millisecond)...)
	r := Recording{Row: new(Row), Packets: packets}
	if got := r.calm(change); got != 1.09 {
		t.Errorf("calm after %v s, want 1.09: the last packet of the jam came after 0.99 s and waited 0.1 s", got)
	}
	if got := r.calm(change + 1500*time.Millisecond); got != 0 {
		t.Errorf("no jam at first, but calm after %v s", got)
	}
}

func TestClimb(t *testing.T) {
	const change = 5 * time.Second
	row := &Row{Link: quictest.Link{Rate: media.Mbps}, Changes: []Change{{change, quictest.Link{Rate: 2 * media.Mbps}}}}
	r := Recording{Row: row, Length: 10 * time.Second, Changed: []time.Duration{change}}
	r.Packets = stream(0, 10*time.Second, 0) // 1 Mbit/s
	if got := r.climb(change); !math.IsNaN(got) {
		t.Errorf("half of the link is used, but full after %v s", got)
	}
	r.Packets = append(r.Packets, stream(6*time.Second, 10*time.Second, 0)...) // 2 Mbit/s
	slices.SortStableFunc(r.Packets, func(a, b Packet) int { return int(a.At - b.At) })
	if got := r.climb(change); got < 1.3 || got > 1.5 {
		t.Errorf("full after %v s, want 90 %% of half a second after 1", got)
	}
}

func TestAftermathOfAnOutage(t *testing.T) {
	const back = 8 * time.Second
	shown := shownAt(30*time.Millisecond, steadily(0, 150)...) // 5 s
	shown = append(shown, shownAt(200*time.Millisecond, back+100*time.Millisecond)...)
	shown = append(shown, shownAt(40*time.Millisecond, steadily(back+140*time.Millisecond, 100)...)...)
	r := Recording{Row: &Row{Link: quictest.Link{}}, Length: 12 * time.Second, Shown: shown}
	f := make(Figures)
	r.measureAftermath(f, back)
	for m, want := range map[Metric]float64{Back: 0.1, BackP95: 40, WorstAfter: 200} {
		if f[m] != want {
			t.Errorf("%s is %g, want %g", m, f[m], want)
		}
	}
}

func TestFiguresThatCannotBeTakenAreLeftOut(t *testing.T) {
	r := Recording{Row: &Row{Changes: make([]Change, 1)}, Length: 10 * time.Second, Changed: []time.Duration{5 * time.Second}}
	for m, v := range r.Measure() {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			t.Errorf("%s is %g", m, v)
		}
	}
	if _, ok := r.Measure()[GlassP50]; ok {
		t.Error("pictures have an age where there are none")
	}
}

func TestReports(t *testing.T) {
	r := Recording{Row: new(Row), Length: 10 * time.Second, Packets: make([]Packet, 200)}
	for at := time.Second; at < r.Length; at += time.Second {
		r.Receiver = append(r.Receiver, Report{at, peer.LinkStats{ConcealedMs: ms(at) / 100, VideoKbps: 500, NeedlessNacks: 2}})
	}
	f := make(Figures)
	r.measureReports(f)
	for m, want := range map[Metric]float64{Concealed: 1, Needless: 1, VideoRate: 500} {
		if f[m] != want {
			t.Errorf("%s is %g, want %g", m, f[m], want)
		}
	}
}
