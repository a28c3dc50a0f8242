package media

// lagRamp sees a queue grow on the way, as beside a download that begins: packets come
// later and later. By the time that one is late, it is too late to wait for it; so
// playout waits for what comes next if this goes on. Jitter does not look like that:
// some of its packets are as early as any.
type lagRamp struct {
	windows [rampWindows]lagWindow // a ring
	next    int                    // the oldest, of which the place is taken by what comes
	n       int                    // packets since the last one ended
	now     lagWindow              // of these
	full    bool                   // the ring is
}

// lagWindow is the least and the greatest lag that some packets needed.
type lagWindow struct{ least, most int64 }

const (
	// rampPackets is how many packets a window has, and over rampWindows of them a
	// rise is measured: 0.3 s of packets of 10 ms.
	rampPackets = 6
	rampWindows = 5
	// leastRise is how much is no chance (10 ms), and 1/rampHalf of it must come in
	// each half: a leap is over when it is seen. mostLead bounds what is made of it
	// (80 ms).
	leastRise = SampleRate / 100
	rampHalf  = 4
	mostLead  = SampleRate * 80 / 1000
)

// observe notes the lag that a packet needed.
func (r *lagRamp) observe(need int64) {
	if r.n == 0 {
		r.now = lagWindow{need, need}
	}
	r.now.least, r.now.most = min(r.now.least, need), max(r.now.most, need)
	if r.n++; r.n < rampPackets {
		return
	}
	r.windows[r.next], r.n = r.now, 0
	r.next = (r.next + 1) % rampWindows
	r.full = r.full || r.next == 0
}

// lead is by how much more than now packets will be late soon.
func (r *lagRamp) lead() int64 {
	first, middle, last := r.window(0), r.window(rampWindows/2), r.window(rampWindows-1)
	rise := last.least - first.least
	half := min(last.least-middle.least, middle.least-first.least)
	if !r.full || last.least < first.most || rise < leastRise || half < rise/rampHalf {
		return 0
	}
	return min(rise, mostLead)
}

// window returns one of the latest windows, the oldest of which is number 0.
func (r *lagRamp) window(i int) lagWindow { return r.windows[(r.next+i)%rampWindows] }
