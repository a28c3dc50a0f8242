package quicproto

import (
	"math"
	"time"
)

// simTCP is a bulk download by TCP Cubic (RFC 9438) with selective
// acknowledgement and HyStart, as cross traffic. It sends fresh data instead of
// retransmitting: to the link it is the same.
type simTCP struct {
	*simNet
	flow     int
	out, in  *simLink
	cwnd     float64 // packets
	ssthresh float64
	wMax     float64
	reduced  time.Duration // start of the present cubic epoch
	recover  int           // losses of packets sent before this one cost nothing more
	next     int           // number of the next packet
	flying   map[int]time.Duration
	minRTT   time.Duration
	srtt     time.Duration
	roundMin time.Duration // least round trip in this round
	roundEnd int
	heard    time.Duration
}

const (
	simMSS      = 1500 // bytes on the wire
	cubicBeta   = 0.7
	cubicC      = 0.4
	cubicFriend = 3 * (1 - cubicBeta) / (1 + cubicBeta)
)

func newSimTCP(n *simNet, flow int, out, in *simLink) *simTCP {
	return &simTCP{simNet: n, flow: flow, out: out, in: in, cwnd: 10, ssthresh: math.Inf(1),
		flying: map[int]time.Duration{}, minRTT: time.Hour, roundMin: time.Hour}
}

func (t *simTCP) start(at, end time.Duration) {
	t.at(at, t.pump)
	t.every(at, 50*time.Millisecond, func() {
		if t.now >= end {
			t.cwnd = 0
			return
		}
		if len(t.flying) > 0 && t.now-t.heard > max(time.Second, 2*t.srtt) { // retransmission timeout
			t.ssthresh, t.cwnd, t.heard = max(t.cwnd/2, 2), 1, t.now
			clear(t.flying)
			t.recover = t.next
			t.pump()
		}
	})
}

func (t *simTCP) pump() {
	for float64(len(t.flying)) < t.cwnd {
		n := t.next
		t.next++
		t.flying[n] = t.now
		t.out.send(simPacket{flow: t.flow, size: simMSS, deliver: func(bool) {
			t.in.send(simPacket{flow: -1, size: 60, deliver: func(bool) { t.acked(n) }})
		}})
	}
}

func (t *simTCP) acked(n int) {
	sent, ok := t.flying[n]
	if !ok || t.cwnd == 0 {
		return
	}
	delete(t.flying, n)
	t.heard = t.now
	t.measure(n, t.now-sent)
	for lost := range t.flying {
		if lost < n-3 { // three later packets have arrived
			delete(t.flying, lost)
			if lost >= t.recover {
				t.reduce()
			}
		}
	}
	if n >= t.recover {
		t.grow()
	}
	t.pump()
}

// measure keeps the round trip and leaves slow start when it rises (HyStart).
func (t *simTCP) measure(n int, rtt time.Duration) {
	t.minRTT = min(t.minRTT, rtt)
	if t.srtt == 0 {
		t.srtt = rtt
	}
	t.srtt += (rtt - t.srtt) / 8
	t.roundMin = min(t.roundMin, rtt)
	if n < t.roundEnd {
		return
	}
	threshold := min(max(t.minRTT/8, 4*time.Millisecond), 16*time.Millisecond)
	if t.cwnd < t.ssthresh && t.roundMin > t.minRTT+threshold {
		t.ssthresh = t.cwnd
	}
	t.roundEnd, t.roundMin = t.next, time.Hour
}

func (t *simTCP) reduce() {
	t.recover = t.next
	if t.cwnd < t.wMax {
		t.wMax = t.cwnd * (1 + cubicBeta) / 2 // fast convergence
	} else {
		t.wMax = t.cwnd
	}
	t.cwnd = max(t.cwnd*cubicBeta, 2)
	t.ssthresh, t.reduced = t.cwnd, t.now
}

func (t *simTCP) grow() {
	if t.cwnd < t.ssthresh {
		t.cwnd++
		return
	}
	if t.wMax == 0 { // left slow start without a loss
		t.wMax, t.reduced = t.cwnd, t.now
	}
	since := (t.now - t.reduced).Seconds()
	k := math.Cbrt(max(t.wMax-t.ssthresh, 0) / cubicC)
	target := cubicC*math.Pow(since+t.srtt.Seconds()-k, 3) + t.wMax
	reno := t.ssthresh + cubicFriend*since/t.srtt.Seconds()
	target = min(max(target, reno), 1.5*t.cwnd)
	t.cwnd += max(target-t.cwnd, 0.01) / t.cwnd
}
