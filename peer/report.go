package peer

import (
	"math"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/quicproto"
)

// statsInterval is how often a link's statistics are made.
const statsInterval = time.Second

// statsMeter remembers the counters at the last report, to tell rates.
type statsMeter struct {
	started        time.Time
	last           time.Time
	sent, received uint64 // bytes
	shown          uint64
	decoded        uint64   // bytes
	skew           *float64 // the largest in magnitude, ms
}

func (m *statsMeter) begin(now time.Time) { m.started, m.last = now, now }

// report makes the statistics of the last second known.
func (l *Link) report(now time.Time) {
	s := l.collect(now)
	l.meter.noteSkew(s.AVSkew)
	l.remote.mu.Lock()
	l.remote.stats = s
	l.remote.mu.Unlock()
	l.room.cfg.Trace.stats(now, l.peer, s)
}

func (m *statsMeter) noteSkew(v *float64) {
	if v != nil && (m.skew == nil || math.Abs(*v) > math.Abs(*m.skew)) {
		m.skew = v
	}
}

func (l *Link) collect(now time.Time) LinkStats {
	tx, rx := l.session.SendStats(), l.session.ReceiveStats()
	path := l.Path()
	s := LinkStats{
		Path:         pathName(path),
		LAN:          path.Kind == quicproto.PathLAN,
		RTT:          ms(l.session.RTT()),
		Loss:         l.session.LossRate(),
		TargetKbps:   kbps(l.session.Target()),
		JitterBuffer: ms(l.jitter.Delay()),
		Keyframes:    l.keyframes.Load(),
		QueueMs:      ms(l.session.QueueDelay()),
	}
	l.collectCounts(&s, tx, rx)
	l.collectRates(&s, now, tx, rx)
	l.collectShown(&s)
	if skew, ok := l.lips.Skew(now); ok {
		v := ms(skew)
		s.AVSkew = &v
	}
	return s
}

func (l *Link) collectCounts(s *LinkStats, tx quicproto.SendStats, rx quicproto.ReceiveStats) {
	conn := l.conn.Stats()
	s.Nacks, s.NeedlessNacks, s.Repaired, s.Malformed = rx.Nacks, rx.NeedlessNacks, rx.Repaired, rx.Malformed
	s.Dropped = l.drops.Load() + conn.Overflow + conn.TooLarge + tx.FramesDropped
	sound, delay := l.heard.read()
	s.ConcealedMs = ms(media.SampleTime(int(sound.Concealed)))
	s.Playout = ms(delay)
	s.SendWidth, s.SendHeight = int(l.made.width.Load()), int(l.made.height.Load())
}

func (l *Link) collectRates(s *LinkStats, now time.Time, tx quicproto.SendStats, rx quicproto.ReceiveStats) {
	m := &l.meter
	seconds := now.Sub(m.last).Seconds()
	shown, decoded := l.shown.count(), l.decoded.Load()
	if seconds > 0 {
		s.SendKbps = float64(tx.Bytes-m.sent) * 8 / 1000 / seconds
		s.RecvKbps = float64(rx.Bytes-m.received) * 8 / 1000 / seconds
		s.VideoKbps = float64(decoded-m.decoded) * 8 / 1000 / seconds
		s.FPS = float64(shown-m.shown) / seconds
	}
	m.last, m.sent, m.received, m.shown, m.decoded = now, tx.Bytes, rx.Bytes, shown, decoded
}

func (l *Link) collectShown(s *LinkStats) {
	m := &l.shown
	m.mu.Lock()
	defer m.mu.Unlock()
	s.Width, s.Height = m.width, m.height
	s.Freezes, s.FreezeMs = m.freeze.freezes, ms(m.freeze.frozen)
}

func (m *shownMeter) count() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.freeze.shown
}

func kbps(b media.Bitrate) float64 { return float64(b) / float64(media.Kbps) }

// Bounds of a link's quality, as a person would judge: the round trip at which
// talk begins to stumble, the loss that begins to be seen, a rate at which the
// picture is small.
const (
	poorRTT, badRTT   = 300, 600   // ms
	poorLoss, badLoss = 0.03, 0.12 // share
	poorRate, badRate = 400, 150   // kbit/s
)

func (s LinkStats) quality() media.Quality {
	switch {
	case s.TargetKbps == 0:
		return media.QualityUnknown
	case s.RTT > badRTT || s.Loss > badLoss || s.TargetKbps < badRate:
		return media.QualityBad
	case s.RTT > poorRTT || s.Loss > poorLoss || s.TargetKbps < poorRate:
		return media.QualityPoor
	case s.RTT > poorRTT/2 || s.Loss > poorLoss/3:
		return media.QualityGood
	}
	return media.QualityExcellent
}

// Summary is a link's whole call, under the names of its statistics.
type Summary struct {
	Peer     string  `json:"peer"`
	Name     string  `json:"name"`
	Seconds  float64 `json:"seconds"`
	Ended    string  `json:"ended"` // why; empty after a polite end
	ShownFPS float64 `json:"shown_fps"`
	Shown    uint64  `json:"frames_shown"`

	// Read out of what arrived, where it carries stamps and clicks; -1 if not.
	GlassP50 float64 `json:"glass_to_glass_ms_p50"`
	GlassP95 float64 `json:"glass_to_glass_ms_p95"`
	Stamps   int     `json:"stamps"`
	MouthP50 float64 `json:"mouth_to_ear_ms_p50"`
	MouthP95 float64 `json:"mouth_to_ear_ms_p95"`
	Clicks   int     `json:"clicks"`

	// AVSkewWorst is the AVSkew of the whole call that is farthest from zero.
	AVSkewWorst *float64 `json:"av_skew_worst_ms"`

	LinkStats // at the end; rates are those of the whole call
}

// summarise is called by routineLink at the end of a call that was connected.
func (l *Link) summarise(now time.Time, p *pipeline) Summary {
	whole, skew := l.meter.started, l.meter.skew
	l.meter = statsMeter{started: whole, last: whole}
	s := Summary{
		Peer: l.peer.String(), Name: l.Name(),
		Seconds:   now.Sub(whole).Seconds(),
		LinkStats: l.collect(now),
		GlassP50:  -1, GlassP95: -1, MouthP50: -1, MouthP95: -1,
		AVSkewWorst: skew,
	}
	s.Shown, s.ShownFPS = l.shown.count(), s.FPS
	if l.call.err != nil {
		s.Ended = l.call.err.Error()
	}
	l.shown.mu.Lock()
	s.Stamps = l.shown.glass.Count()
	s.GlassP50, s.GlassP95 = percentiles(&l.shown.glass)
	l.shown.mu.Unlock()
	if p != nil {
		p.hearing.mu.Lock()
		s.Clicks = p.hearing.mouth.Count()
		s.MouthP50, s.MouthP95 = percentiles(&p.hearing.mouth)
		p.hearing.mu.Unlock()
	}
	return s
}

func percentiles(m *Measurement) (p50, p95 float64) {
	if m.Count() == 0 {
		return -1, -1
	}
	return ms(m.Percentile(0.5)), ms(m.Percentile(0.95))
}
