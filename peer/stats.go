package peer

import "time"

// LinkStats is how a link does, once a second, under the names that traces and
// summaries use. Rates and counts without "total" in their comment are those of
// the last second.
type LinkStats struct {
	Path         string  `json:"path"` // direct or relay, at present
	LAN          bool    `json:"lan"`  // direct, and not beyond the local network
	RTT          float64 `json:"rtt_ms"`
	Loss         float64 `json:"loss"`         // share of what we send that is lost, 0 to 1
	SendKbps     float64 `json:"send_kbps"`    // on the wire
	RecvKbps     float64 `json:"recv_kbps"`    // on the wire
	VideoKbps    float64 `json:"video_kbps"`   // of encoded pictures that arrived
	TargetKbps   float64 `json:"target_kbps"`  // what the rate control allows
	Width        int     `json:"width"`        // of the picture shown
	Height       int     `json:"height"`       //
	FPS          float64 `json:"fps"`          // shown
	Freezes      uint64  `json:"freezes"`      // total
	FreezeMs     float64 `json:"freeze_ms"`    // total
	ConcealedMs  float64 `json:"concealed_ms"` // total
	JitterBuffer float64 `json:"jitter_buffer_ms"`
	Playout      float64 `json:"playout_ms"`
	// AVSkew is by how much sound is heard later than its picture is seen, in the
	// mean of the last half second; nil unless both come.
	AVSkew    *float64 `json:"av_skew_ms"`
	Nacks     uint64   `json:"nacks"`     // total, asked for by us
	Repaired  uint64   `json:"repaired"`  // total, lost packets mended in time
	Keyframes uint64   `json:"keyframes"` // total, received

	SendWidth     int     `json:"send_width"` // of the picture sent
	SendHeight    int     `json:"send_height"`
	QueueMs       float64 `json:"queue_ms"`       // our packets' wait at the bottleneck
	NeedlessNacks uint64  `json:"needless_nacks"` // total
	Malformed     uint64  `json:"malformed"`      // total
	Dropped       uint64  `json:"dropped"`        // total: datagrams and frames dropped for want of room or time
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// freezeMeter finds the moments at which a picture stood still: a gap between
// pictures longer than three times their usual distance and longer than that by
// at least 150 ms, as WebRTC's statistics define it.
type freezeMeter struct {
	last    time.Time
	usual   time.Duration // moving average of the distance
	shown   uint64
	freezes uint64
	frozen  time.Duration
}

func (m *freezeMeter) show(now time.Time) {
	m.shown++
	if m.last.IsZero() {
		m.last = now
		return
	}
	gap := now.Sub(m.last)
	m.last = now
	if m.usual > 0 && gap > max(3*m.usual, m.usual+150*time.Millisecond) {
		m.freezes++
		m.frozen += gap
		return
	}
	if m.usual == 0 {
		m.usual = gap
	}
	m.usual += (gap - m.usual) / 30
}
