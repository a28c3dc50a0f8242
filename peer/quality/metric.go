package quality

import (
	"math"
	"slices"
	"time"

	"github.com/skulltech/prattle/quicproto/quictest"
)

// Metric is a figure that says how good a call was.
type Metric string

// The metrics, under the names that they have in JSON.
const (
	GlassP50  Metric = "glass_p50_ms" // glass to glass: the age of pictures when shown
	GlassP95  Metric = "glass_p95_ms"
	MouthP50  Metric = "mouth_p50_ms" // mouth to ear: the age of sound when played
	MouthP95  Metric = "mouth_p95_ms"
	FPS       Metric = "fps"               // pictures shown a second
	Gap       Metric = "gap_ms"            // the longest between two pictures
	Freezes   Metric = "freezes"           // as WebRTC counts them
	Height    Metric = "height"            // of the pictures shown, the median
	Concealed Metric = "concealed_percent" // of sound, made up because none came in time
	VideoRate Metric = "video_kbps"        // of encoded pictures that arrived
	WireRate  Metric = "wire_kbps"         // of all that was sent, IP headers included
	WireRatio Metric = "wire_ratio"        // to that of the clean link
	Needless  Metric = "needless_percent"  // packets asked for again that were not lost, of all
	QueueMean Metric = "queue_mean_ms"     // of packets at the bottleneck
	QueueP95  Metric = "queue_p95_ms"
	Used      Metric = "used_percent" // of the bottleneck, by all

	// CPUWait says how far figures taken in real time can be trusted.
	CPUWait Metric = "cpu_wait_percent" // of the time in which something waited for a processor

	LinkShare   Metric = "link_share_percent"   // of the bottleneck, by this call
	LargerShare Metric = "larger_share_percent" // of what both take, by the call that takes more

	WorstAfter  Metric = "worst_glass_ms"    // after the last change of the link
	GapAfter    Metric = "gap_after_ms"      // likewise
	QueueAfter  Metric = "queue_max_ms"      // likewise
	Calm        Metric = "calm_s"            // from the change until nothing waits 60 ms any more
	Climb       Metric = "climb_s"           // from the change until 90 % of the link are used
	FullPicture Metric = "full_picture_s"    // from the beginning until a 720p picture is shown
	Back        Metric = "back_s"            // from the end of an outage to the next picture
	BackP95     Metric = "back_glass_p95_ms" // glass to glass in the second from then on
)

// decimals is how many digits after the point are told: no more than a second run
// would confirm.
var decimals = map[Metric]int{
	FPS: 1, Concealed: 1, Needless: 1, WireRatio: 2, Calm: 1, Climb: 1, FullPicture: 1, Back: 2,
	Gap: -1, GapAfter: -1, VideoRate: -1, WireRate: -1, CPUWait: -1,
}

func (m Metric) round(v float64) float64 {
	scale := math.Pow10(decimals[m])
	return math.Round(v*scale) / scale
}

// Figures are what was measured of one call.
type Figures map[Metric]float64

// set keeps a figure, unless it could not be measured.
func (f Figures) set(m Metric, v float64) {
	if !math.IsNaN(v) && !math.IsInf(v, 0) {
		f[m] = m.round(v)
	}
}

// setPercentiles keeps the median and the 95th percentile.
func (f Figures) setPercentiles(p50, p95 Metric, values []float64) {
	slices.Sort(values)
	f.set(p50, percentile(values, 0.5))
	f.set(p95, percentile(values, 0.95))
}

// Measure takes all figures that the recording has.
func (r *Recording) Measure() Figures {
	f := make(Figures)
	r.measurePictures(f)
	r.measureSound(f)
	r.measureReports(f)
	r.measureLink(f)
	if r.Crowded >= 0 {
		f.set(CPUWait, 100*r.Crowded)
	}
	if at, ok := r.lastChange(); ok {
		r.measureAftermath(f, at)
	}
	return f
}

// steadyFrom is when the call has settled.
func (r *Recording) steadyFrom() time.Duration { return r.Row.settled() }

func (r *Recording) measurePictures(f Figures) {
	from := r.steadyFrom()
	steady := r.shownFrom(from)
	f.setPercentiles(GlassP50, GlassP95, ages(steady))
	f.set(FPS, float64(len(steady))/(r.Length-from).Seconds())
	f.set(Gap, ms(longestGap(r.Shown, r.Length)))
	f.set(Freezes, float64(freezes(r.Shown)))
	var heights []float64
	for _, s := range steady {
		heights = append(heights, float64(s.Height))
	}
	slices.Sort(heights)
	f.set(Height, percentile(heights, 0.5))
	if i := slices.IndexFunc(r.Shown, func(s Shown) bool { return s.Height >= 720 }); i >= 0 {
		f.set(FullPicture, r.Shown[i].At.Seconds())
	}
}

func (r *Recording) measureSound(f Figures) {
	var mouth []float64
	for _, c := range r.Clicks {
		if c.At >= r.steadyFrom() {
			mouth = append(mouth, c.Value)
		}
	}
	f.setPercentiles(MouthP50, MouthP95, mouth)
}

// measureReports takes what only the callee itself can count.
func (r *Recording) measureReports(f Figures) {
	if len(r.Receiver) == 0 {
		return
	}
	last := r.Receiver[len(r.Receiver)-1]
	f.set(Concealed, 100*last.ConcealedMs/ms(last.At))
	arrived := 0
	for _, p := range r.Packets {
		if p.Fate == quictest.Delivered && !p.Rival {
			arrived++
		}
	}
	f.set(Needless, 100*float64(last.NeedlessNacks)/float64(arrived))
	var video []float64
	for _, s := range r.Receiver {
		if s.At >= r.steadyFrom() {
			video = append(video, s.VideoKbps)
		}
	}
	f.set(VideoRate, mean(video))
}

// measureLink takes what was seen at the bottleneck.
func (r *Recording) measureLink(f Figures) {
	from := r.steadyFrom()
	var offered, ours, theirs float64 // bits
	var waits []float64
	for _, p := range r.Packets {
		bits := float64(p.Size) * 8
		if p.At >= from && p.At < r.Length && !p.Rival {
			offered += bits
		}
		switch {
		case p.Fate == quictest.Overflowed || p.Left < from || p.Left >= r.Length:
			continue
		case p.Rival:
			theirs += bits
		default:
			ours += bits
		}
		waits = append(waits, ms(p.Wait()))
	}
	f.set(WireRate, offered/1000/(r.Length-from).Seconds())
	f.set(LargerShare, 100*max(ours, theirs)/(ours+theirs))
	if r.Row.Link.Rate == 0 {
		return
	}
	capacity := r.capacity(from)
	f.set(Used, 100*(ours+theirs)/capacity)
	f.set(LinkShare, 100*ours/capacity)
	f.set(QueueMean, mean(waits))
	slices.Sort(waits)
	f.set(QueueP95, percentile(waits, 0.95))
}

// capacity is how many bits the bottleneck could carry from a time on.
func (r *Recording) capacity(from time.Duration) (bits float64) {
	l := r.Row.Link
	for i, at := range r.Changed {
		bits += float64(l.Rate) * max(at-from, 0).Seconds()
		l, from = r.Row.Changes[i].Link, max(from, at)
	}
	return bits + float64(l.Rate)*(r.Length-from).Seconds()
}

// measureAftermath takes what followed the last change of the link.
func (r *Recording) measureAftermath(f Figures, at time.Duration) {
	after := r.shownFrom(at)
	old := ages(after)
	slices.Sort(old)
	f.set(WorstAfter, percentile(old, 1))
	f.set(GapAfter, ms(longestGap(r.shownFrom(at-time.Second), r.Length)))
	f.set(QueueAfter, r.queueAfter(at))
	f.set(Calm, r.calm(at))
	f.set(Climb, r.climb(at))
	if len(after) == 0 {
		return
	}
	f.set(Back, (after[0].At - at).Seconds())
	var first []float64
	for _, s := range after {
		if s.At < after[0].At+time.Second && s.Age >= 0 {
			first = append(first, ms(s.Age))
		}
	}
	slices.Sort(first)
	f.set(BackP95, percentile(first, 0.95))
}

// queueAfter is the longest wait of a packet that came after at, in ms.
func (r *Recording) queueAfter(at time.Duration) (longest float64) {
	for _, p := range r.Packets {
		if p.At >= at {
			longest = max(longest, ms(p.Wait()))
		}
	}
	return longest
}

const (
	// longWait is a queue that is felt.
	longWait = 60 * time.Millisecond
	// lull is without such waits once the queue is under control.
	lull = 2 * time.Second
)

// calm is how long after at the last packet of a jam had left: one that waited
// long, with none such in the lull that followed. In seconds.
func (r *Recording) calm(at time.Duration) float64 {
	last := at
	for _, p := range r.Packets {
		if p.Left <= at || p.Wait() < longWait {
			continue
		}
		if p.Left > last+lull {
			break
		}
		last = p.Left
	}
	return (last - at).Seconds()
}

const (
	climbWindow = 500 * time.Millisecond // over which a rate is taken
	climbShare  = 0.9
)

// climb is how long after at the link was nearly filled for the first time, in
// seconds; not a number if it never was.
func (r *Recording) climb(at time.Duration) float64 {
	want := int(climbShare * float64(r.linkAt(at).Rate.Bytes(climbWindow)))
	var window []Packet
	bytes := 0
	for _, p := range r.Packets {
		if p.Left < at || p.Fate == quictest.Overflowed {
			continue
		}
		window, bytes = append(window, p), bytes+p.Size
		for window[0].Left <= p.Left-climbWindow {
			bytes -= window[0].Size
			window = window[1:]
		}
		if bytes >= want {
			return (p.Left - at).Seconds()
		}
	}
	return math.NaN()
}

// longestGap is the longest time without a new picture, up to the end.
func longestGap(shown []Shown, end time.Duration) (gap time.Duration) {
	for i, s := range shown {
		next := end
		if i+1 < len(shown) {
			next = shown[i+1].At
		}
		gap = max(gap, next-s.At)
	}
	return gap
}

const (
	freezeMemory = 30                     // intervals that make the mean
	freezeExcess = 150 * time.Millisecond // over the mean
)

// freezes counts as WebRTC does (webrtc-stats, freezeCount): an interval between
// pictures that exceeds thrice the mean of those before it, and the mean by 150 ms.
func freezes(shown []Shown) (n int) {
	var recent []time.Duration
	var sum time.Duration
	for i := range shown[:max(len(shown)-1, 0)] {
		gap := shown[i+1].At - shown[i].At
		if len(recent) > 0 {
			usual := sum / time.Duration(len(recent))
			if gap > max(3*usual, usual+freezeExcess) {
				n++
			}
		}
		recent, sum = append(recent, gap), sum+gap
		if len(recent) > freezeMemory {
			sum -= recent[0]
			recent = recent[1:]
		}
	}
	return n
}

// percentile returns the value below which a share p of the sorted values lies;
// not a number if there are none.
func percentile(sorted []float64, p float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	return sorted[int(p*float64(len(sorted)-1)+0.5)]
}

// mean is not a number if there are no values.
func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}
