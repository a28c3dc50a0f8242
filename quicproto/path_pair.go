package quicproto

import (
	"net/netip"
	"time"
)

// pair is a local and a remote address, by which packets may go.
type pair struct {
	local  local
	remote netip.AddrPort
	kind   PathKind
	relays int        // on the way
	born   time.Time  // when it began to be probed
	at     netip.Addr // of ours, at which its packets arrive if local does not say

	next    time.Time // when the next question is due
	backoff time.Duration
	asked   [8]sentProbe // the latest probes, a ring
	count   int          // probes sent
	silent  int          // questions since the last proof
	asking  time.Time    // when the first of these was sent
	muted   bool         // nobody has vouched for the remote address: no questions unless asked

	theirs    uint32    // latest sequence of the other side's
	theirsAt  time.Time // when it came
	heard     time.Time // when anything came
	heardQUIC time.Time
	using     time.Time // when the other side last said that it sends by this pair

	live    bool      // answered, and not found dead since
	proofs  int       // answers
	arrived time.Time // when the latest packet left of which the other side shows that it arrived
	rtt     time.Duration
	fails   int       // how often it was left because it was dead
	trusted time.Time // until then it is used only if there is no other
}

// sentProbe is a probe that may be echoed.
type sentProbe struct {
	sequence uint32
	at       time.Time
}

// answeredEver says whether packets have ever been known to arrive.
func (p *pair) answeredEver() bool { return !p.arrived.IsZero() }

// probe makes the next probe.
func (p *pair) probe(now time.Time, sequence uint32, flags probeFlags) probe {
	p.asked[p.count%len(p.asked)] = sentProbe{sequence, now}
	p.count++
	if flags&probeAsk != 0 {
		if p.silent == 0 {
			p.asking = now
		}
		p.silent++
	}
	b := probe{sequence: sequence, echo: p.theirs, held: maxHeld, heard: maxHeard, flags: flags}
	if p.theirs != 0 {
		b.held = now.Sub(p.theirsAt)
	}
	if !p.heard.IsZero() {
		b.heard = now.Sub(p.heard)
	}
	return b
}

// handleProbe takes a probe of the other side, and says whether it proves that a
// later packet of ours has arrived than was known of.
func (p *pair) handleProbe(now time.Time, b probe) (proof bool) {
	p.heard = now
	if b.sequence > p.theirs {
		p.theirs, p.theirsAt = b.sequence, now
	}
	for _, s := range p.asked {
		if b.echo != 0 && s.sequence == b.echo && s.at.After(p.arrived) {
			p.prove(now, s.at)
			p.measure(now.Sub(s.at) - b.held)
			return true
		}
	}
	return false
}

// prove notes that what left at sent has arrived.
func (p *pair) prove(now, sent time.Time) {
	p.arrived, p.live, p.silent, p.backoff = sent, true, 0, 0
	p.proofs++
}

// measure takes a round trip into account.
func (p *pair) measure(rtt time.Duration) {
	switch {
	case rtt < 0: // held for longer than can be said
	case p.rtt == 0 || rtt < p.rtt:
		p.rtt = rtt
	default:
		p.rtt += (rtt - p.rtt) / 8
	}
}

const (
	// maxSilent is how many questions in a row must stay without an answer before
	// the pair counts as dead.
	maxSilent = 3
	// answerPatience is how much longer than a usual round trip an answer may take.
	answerPatience = 100 * time.Millisecond
)

// overdue says whether answers are missing.
func (p *pair) overdue(now time.Time) bool {
	return p.silent >= maxSilent && now.Sub(p.asking) > 2*p.rtt+answerPatience
}

// rank orders pairs: the smaller, the better.
func (p *pair) rank() int { return int(p.kind)*4 + p.relays }
