package rendezvous

import (
	"context"
	"time"

	"golang.org/x/time/rate"
)

// terms is what a server lets one party have.
type terms struct {
	connections int        // at a time
	messages    rate.Limit // a second
	burst       int        // messages at once after a pause
	bytes       rate.Limit // a second
	byteBurst   int        // bytes at once after a pause; at least maxMessage
}

var (
	// peerTerms: a call takes some ten messages of 3 KiB. Each device has a few
	// connections while it changes networks.
	peerTerms = terms{8 * MaxDevices, 10, 60, 32 << 10, 256 << 10}
	// sourceTerms: one address may be that of a company, or of a carrier's NAT.
	sourceTerms = terms{512, 200, 1000, 512 << 10, 2 << 20}
)

const (
	// inboxRate and inboxBurst bound the letters that one device gets, from whomever:
	// a second, and at once after a pause. A device remembers 4096 an hour.
	inboxRate  = 4
	inboxBurst = 64
	// registerCost is what a register counts for among messages: a signature has to
	// be verified and other servers told.
	registerCost = 5
	// sweepInterval is how often parties are forgotten that are gone and quiet.
	sweepInterval = 10 * time.Second
)

// quota is what one party has used of its terms.
type quota struct {
	open     int // connections
	messages *rate.Limiter
	bytes    *rate.Limiter
}

// wait lets a message of n bytes through when it is due.
func (q *quota) wait(ctx context.Context, n int) error {
	if err := q.messages.Wait(ctx); err != nil {
		return err
	}
	return q.bytes.WaitN(ctx, n)
}

// full says whether nobody would notice if the quota were made anew.
func (q *quota) full(now time.Time, t terms) bool {
	return q.open == 0 && q.messages.TokensAt(now) >= float64(t.burst) && q.bytes.TokensAt(now) >= float64(t.byteBurst)
}

// quotas has those of all parties of one kind that were here lately. Who has proved
// who it is, or its address, costs an entry; so there are no more of them than
// handshakes in the half minute that a quota takes to be full again. It has no lock:
// the Server owns it.
type quotas[K comparable] struct {
	terms terms
	of    map[K]*quota
	swept time.Time
}

func newQuotas[K comparable](t terms) quotas[K] {
	return quotas[K]{terms: t, of: make(map[K]*quota)}
}

// open counts a connection of a party, unless it has too many.
func (qs *quotas[K]) open(now time.Time, key K) (*quota, error) {
	qs.sweep(now)
	q := qs.of[key]
	if q == nil {
		q = &quota{messages: rate.NewLimiter(qs.terms.messages, qs.terms.burst), bytes: rate.NewLimiter(qs.terms.bytes, qs.terms.byteBurst)}
		qs.of[key] = q
	}
	if q.open >= qs.terms.connections {
		return nil, ErrBusy
	}
	q.open++
	return q, nil
}

func (qs *quotas[K]) sweep(now time.Time) {
	if now.Sub(qs.swept) < sweepInterval {
		return
	}
	qs.swept = now
	for key, q := range qs.of {
		if q.full(now, qs.terms) {
			delete(qs.of, key)
		}
	}
}
