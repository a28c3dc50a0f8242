package rendezvous

import (
	"cmp"
	"errors"
	"slices"
	"time"
)

const (
	// dialStagger is how long an address has before the next is tried beside it (RFC
	// 8305): the answer of a server on another continent takes less.
	dialStagger = 400 * time.Millisecond
	// headStart is how long QUIC has before TLS is tried beside it: several round
	// trips, and little to wait where UDP is blocked.
	headStart = time.Second
	// tryAgain is after what time TLS is tried once more while there is hope for QUIC,
	// which itself asks again and again: the server may just be restarting.
	tryAgain = time.Second
)

// race decides which way to servers is tried when. It has no clock.
type race struct {
	tries        []try
	begun, ended int // of tries
	quic         int // attempts over QUIC under way
	failed       []dialResult
}

// try is a way, and how long after the one before it is tried.
type try struct {
	way
	after time.Duration
	again bool // it has failed before
}

// newRace tries ways in the order of the list, each a little later than the one
// before, those over TLS beside those over QUIC and some time later.
func newRace(ways []way) *race {
	var quic, tls []try // after the first
	for _, w := range ways {
		if w.tls {
			tls = append(tls, try{way: w, after: headStart + time.Duration(len(tls))*dialStagger})
		} else {
			quic = append(quic, try{way: w, after: time.Duration(len(quic)) * dialStagger})
		}
	}
	tries := append(quic, tls...)
	slices.SortStableFunc(tries, func(a, b try) int { return cmp.Compare(a.after, b.after) })
	for i := range slices.Backward(tries) {
		if i > 0 {
			tries[i].after -= tries[i-1].after
		} else {
			tries[i].after = 0
		}
	}
	return &race{tries: tries}
}

// lost says that all attempts have failed.
func (r *race) lost() bool { return r.ended == len(r.tries) }

// underWay is how many attempts are.
func (r *race) underWay() int { return r.begun - r.ended }

// begin returns the way that is due, and how long the next one has to wait; less than
// nothing if there is none.
func (r *race) begin() (w way, wait time.Duration) {
	w = r.tries[r.begun].way
	r.begun++
	if !w.tls {
		r.quic++
	}
	if r.begun == len(r.tries) {
		return w, -1
	}
	return w, r.tries[r.begun].after
}

// fail notes that an attempt has failed. It returns how long the next one has to wait
// because of that; less than nothing if nothing changes. The next one need not wait
// for a way that is none, nor TLS for QUIC if nothing else is under way.
func (r *race) fail(result dialResult) (wait time.Duration) {
	r.ended++
	r.failed = append(r.failed, result)
	if !result.tls {
		r.quic--
	}
	waiting := r.begun < len(r.tries)
	if waiting && (r.underWay() == 0 || r.hurries(result.way)) {
		wait = 0
	} else {
		wait = -1
	}
	if result.tls && r.quic > 0 && errors.Is(result.err, ErrUnreachable) {
		r.tries = append(r.tries, try{result.way, tryAgain, true})
		if !waiting {
			wait = tryAgain
		}
	}
	return wait
}

// hurries says whether the next way, which there is, waits for nothing but one that
// has failed.
func (r *race) hurries(failed way) bool {
	next := r.tries[r.begun]
	return failed == r.tries[r.begun-1].way && failed.tls == next.tls && !next.again
}

// verdict says with one error why attempts have failed, in the order in which they
// did: what somebody has said goes before silence, and QUIC before TLS, which may lead
// to others. Silence goes before what the system did not even send.
func verdict(failed []dialResult) error {
	for _, tls := range []bool{false, true} {
		for _, r := range failed {
			if r.tls == tls && !errors.Is(r.err, ErrUnreachable) {
				return r.err
			}
		}
	}
	for _, r := range failed {
		if errors.Is(r.err, ErrNoTLS) {
			return r.err
		}
	}
	return failed[len(failed)-1].err
}
