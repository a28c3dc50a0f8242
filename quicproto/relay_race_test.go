package quicproto

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// fakeWay is how a way to a server behaves in a race.
type fakeWay struct {
	heard time.Duration // when the server first answers; 0: never
	done  time.Duration // when the attempt ends; 0: never
	err   error
}

// raceWays has ways compete, and returns which of them won after what time. The
// relays it makes are none that work.
func raceWays(t *testing.T, ways []fakeWay) (winner turnTransport, took time.Duration, begun int64, err error) {
	t.Helper()
	var attempts atomic.Int64
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		open := func(ctx context.Context, _ host, _ relayServer, a relayAttempt) (*relay, error) {
			attempts.Add(1)
			w := ways[a.way.transport]
			if w.heard != 0 {
				time.AfterFunc(w.heard, func() { a.heard.Store(1) })
			}
			ended := make(<-chan time.Time)
			if w.done != 0 {
				ended = time.After(w.done)
			}
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-ended:
				return &relay{way: a.way}, w.err
			}
		}
		k := newRelayKeeper(loopback, open, testLogger(t), nil)
		s := relayServer{host: "relay.example"}
		for i := range ways {
			s.ways = append(s.ways, turnWay{turnTransport(i), 1})
		}
		k.set(s, []netip.Addr{loopback.ip})
		var tasks sync.WaitGroup
		var r *relay
		if r, err = k.race(t.Context(), &tasks, turnTLS); err == nil {
			winner = r.way.transport
		}
		took = time.Since(begin)
		tasks.Wait()
	})
	return winner, took, attempts.Load(), err
}

func TestWaysToARelayRace(t *testing.T) {
	const ms = time.Millisecond
	never := fakeWay{}
	for _, c := range []struct {
		name  string
		ways  []fakeWay
		want  turnTransport
		took  time.Duration
		begun int64
	}{
		{"UDP, near", []fakeWay{{50 * ms, 100 * ms, nil}, never, never}, turnUDP, 100 * ms, 1},
		{"UDP, far", []fakeWay{{140 * ms, 600 * ms, nil}, never, never}, turnUDP, 600 * ms, 1},
		{"UDP blocked", []fakeWay{never, {100 * ms, 300 * ms, nil}, never}, turnTCP, 450 * ms, 2},
		{"all but TLS blocked", []fakeWay{never, never, {200 * ms, 500 * ms, nil}}, turnTLS, 800 * ms, 3},
		{"UDP refused", []fakeWay{{0, 20 * ms, errors.New("refused")}, {50 * ms, 150 * ms, nil}, never}, turnTCP, 170 * ms, 2},
	} {
		winner, took, begun, err := raceWays(t, c.ways)
		if err != nil || winner != c.want || took != c.took || begun != c.begun {
			t.Errorf("%s: %v after %v and %d attempts, %v; want %v after %v and %d", c.name, winner, took, begun, err, c.want, c.took, c.begun)
		}
	}
}

func TestRaceTellsOfARefusal(t *testing.T) {
	silent := fmt.Errorf("%w", ErrRelaySilent)
	refused := fmt.Errorf("%w", ErrRelayRefused)
	_, _, begun, err := raceWays(t, []fakeWay{{0, 10, silent}, {0, 10, refused}, {0, 10, silent}})
	if !errors.Is(err, ErrRelayRefused) || begun != 3 {
		t.Errorf("after %d attempts: %v", begun, err)
	}
}

func TestBackoffOfRelays(t *testing.T) {
	var total time.Duration
	for tries := range relayFewTries {
		total += backoff(tries)
	}
	if backoff(0) != relayBackoff || total < 30*time.Second || backoff(1000) != relayLongWait {
		t.Errorf("%v at first, %v for %d tries, then %v", backoff(0), total, relayFewTries, backoff(1000))
	}
}
