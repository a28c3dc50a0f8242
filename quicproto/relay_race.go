package quicproto

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// raced is how an attempt ended.
type raced struct {
	relay *relay
	err   error
}

// race tries the ways to the server one after the other, each a little after the
// one before it, and returns the first relay.
func (k *relayKeeper) race(ctx context.Context, tasks *sync.WaitGroup, worst turnTransport) (*relay, error) {
	server, attempts := k.attempts(worst)
	if len(attempts) == 0 {
		return nil, fmt.Errorf("%w: %s has no address that %v reaches", ErrServerName, server.host, k.from.ip)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan raced, len(attempts))
	open := func(a relayAttempt) {
		tasks.Go(func() {
			r, err := k.open(ctx, k.from, server, a)
			results <- raced{r, err}
		})
	}
	begun, ended := 0, 0
	defer func() { k.closeLate(tasks, results, begun-ended) }()
	var why error
	patient := false
	next := time.NewTimer(0)
	defer next.Stop()
	for ended < len(attempts) {
		select {
		case <-next.C:
			if begun == len(attempts) {
				break
			}
			if begun > 0 && !patient && attempts[begun-1].heard.Load() != 0 {
				patient = true
				next.Reset(relayPatience)
				break
			}
			open(attempts[begun])
			begun++
			patient = false
			next.Reset(relayStagger)
		case r := <-results:
			ended++
			if r.err == nil {
				return r.relay, nil
			}
			why = worse(why, r.err)
			patient = true
			next.Reset(0)
		}
	}
	return nil, why
}

// closeLate gives back what attempts get which are still under way.
func (k *relayKeeper) closeLate(tasks *sync.WaitGroup, results <-chan raced, n int) {
	for range n {
		tasks.Go(func() {
			if r := <-results; r.relay != nil {
				r.relay.close()
			}
		})
	}
}

// worse returns the error that tells more: a refusal comes from a server that was
// reached.
func worse(a, b error) error {
	if a == nil || errors.Is(b, ErrRelayRefused) && !errors.Is(a, ErrRelayRefused) {
		return b
	}
	return a
}
