package rendezvous

import (
	"net/netip"
	"testing"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/skulltech/prattle/certs"
)

func TestRace(t *testing.T) {
	at := func(addr, name string) place { return place{netip.MustParseAddrPort(addr), name} }
	a, b, again := at("192.0.2.1:1", "a"), at("192.0.2.2:1", "b"), at("192.0.2.1:9", "c")
	ways := waysTo([]place{a, b, again})
	r := newRace(ways)
	want := []struct {
		way
		next time.Duration
	}{
		{way{a, false}, dialStagger}, {way{b, false}, dialStagger}, {way{again, false}, headStart - 2*dialStagger},
		{way{a, true}, dialStagger}, {way{b, true}, -1},
	}
	for i, w := range want {
		if got, wait := r.begin(); got != w.way || wait != w.next {
			t.Errorf("%d: %v, and then %v, want %v", i, got, wait, w)
		}
	}
	lose := func(w way, err error, want time.Duration) {
		t.Helper()
		if wait := r.fail(dialResult{w, nil, err}); wait != want {
			t.Errorf("after the failure of %v: %v, want %v", w, wait, want)
		}
	}
	lose(way{a, true}, ErrNoTLS, tryAgain) // while QUIC is under way
	lose(way{b, true}, ErrNoTLS, -1)       // after the other one
	lose(way{a, false}, ErrUnreachable, -1)
	if w, wait := r.begin(); w != (way{a, true}) || wait != tryAgain {
		t.Errorf("again: %v, %v", w, wait)
	}
	lose(way{a, true}, ErrBusy, -1) // that is no silence
	lose(way{b, false}, ErrUnreachable, -1)
	lose(way{again, false}, ErrUnreachable, 0)
	if w, wait := r.begin(); w != (way{b, true}) || wait != -1 {
		t.Errorf("again: %v, %v", w, wait)
	}
	lose(way{b, true}, ErrNoTLS, -1)
	if !r.lost() || r.underWay() != 0 {
		t.Errorf("%+v", r)
	}

	r = newRace(ways)
	r.begin()
	lose(way{a, false}, ErrUnreachable, 0) // the next address at once
	r.begin()
	r.begin()
	lose(way{b, false}, ErrUnreachable, -1) // not the latest
	lose(way{again, false}, ErrUnreachable, 0)
	r.begin()
	lose(way{a, true}, ErrNoTLS, 0) // nor is there hope for QUIC
	if _, wait := r.begin(); wait != -1 {
		t.Errorf("then %v", wait)
	}

	r = newRace(without(waysTo([]place{a, b, again}), way{a, false}, ErrBusy))
	if len(r.tries) != 2 || r.tries[1] != (try{way{b, true}, headStart, false}) {
		t.Errorf("after a word: %v", r.tries)
	}
	r = newRace(without(ways[3:], way{a, true}, ErrUnreachable))
	if len(r.tries) != 1 || r.tries[0] != (try{way{b, true}, 0, false}) {
		t.Errorf("TLS alone: %v", r.tries)
	}
}

func TestVerdict(t *testing.T) {
	wrong, unsent := error(&certs.KeyMismatchError{}), connectionError(&quic.TransportError{ErrorCode: quic.InternalError})
	udp := func(err error) dialResult { return dialResult{way{}, nil, err} }
	secure := func(err error) dialResult { return dialResult{way{tls: true}, nil, err} }
	for _, tc := range []struct {
		failed []dialResult
		want   error
	}{
		{[]dialResult{udp(ErrUnreachable)}, ErrUnreachable},
		{[]dialResult{secure(ErrNoTLS), udp(ErrUnreachable)}, ErrNoTLS},
		{[]dialResult{secure(ErrUnreachable), udp(ErrUnreachable)}, ErrUnreachable},
		{[]dialResult{secure(wrong), udp(ErrUnreachable)}, wrong},
		{[]dialResult{secure(wrong), udp(ErrBusy)}, ErrBusy},
		{[]dialResult{secure(ErrNoTLS), udp(wrong)}, wrong},
		{[]dialResult{udp(unsent), udp(ErrUnreachable)}, ErrUnreachable},
		{[]dialResult{udp(unsent), secure(ErrNoTLS), udp(ErrUnreachable)}, ErrNoTLS},
	} {
		if got := verdict(tc.failed); got != tc.want {
			t.Errorf("%v: %v, want %v", tc.failed, got, tc.want)
		}
	}
}
