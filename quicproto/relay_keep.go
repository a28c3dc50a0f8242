package quicproto

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Timing of relays.
const (
	// relayStagger is how long a way to a server has for itself before the next
	// one is tried too: where UDP is blocked the relay is there that much later.
	relayStagger = 150 * time.Millisecond
	// relayPatience is how much longer it has once the server has answered.
	relayPatience = 500 * time.Millisecond
	// relayBackoff and relayMaxBackoff bound the wait between attempts: at first
	// the server may just be restarting.
	relayBackoff    = 250 * time.Millisecond
	relayMaxBackoff = 2 * time.Second
	relayFewTries   = 20 // at relayMaxBackoff; then relayLongWait
	relayLongWait   = 30 * time.Second
	// relayCheckBusy is after which silence a relay is asked whether it is still
	// there while a peer may use it; relayCheckIdle while none does, which also
	// keeps the mapping of a NAT alive.
	relayCheckBusy = 2 * time.Second
	relayCheckIdle = 15 * time.Second
	// relayCheckAlways is how often it is asked even if it is not silent: the
	// allocation and what we are known by must be refreshed.
	relayCheckAlways = 2 * time.Minute
	// relayBetter is how often a better way is tried while a worse one serves.
	relayBetter = 30 * time.Second
	// relayGrace is how long a relay that is replaced stays for packets on their
	// way, and for peers to be told of the other.
	relayGrace = 10 * time.Second
)

// relayKeeper keeps an allocation on a server for one address of ours: it gets one
// by the first way that works, notices when it is gone, and gets another.
type relayKeeper struct {
	from   host
	open   openRelay
	report func(live []*relay, err error) // on each change; err says why there is none
	log    *slog.Logger

	kick chan struct{} // try again at once

	mu     sync.Mutex
	server relayServer
	addrs  []netip.Addr // of the server, of the family of from
	live   []*relay     // the one to be used first, then those in their grace
}

// openRelay asks a server for an allocation, as relayOpener does.
type openRelay func(ctx context.Context, from host, s relayServer, a relayAttempt) (*relay, error)

func newRelayKeeper(from host, open openRelay, log *slog.Logger, report func([]*relay, error)) *relayKeeper {
	return &relayKeeper{from: from, open: open, log: log, report: report, kick: make(chan struct{}, 1)}
}

// set says where the server is and what it knows us by.
func (k *relayKeeper) set(s relayServer, addrs []netip.Addr) {
	k.mu.Lock()
	changed := k.server.turnAccount != s.turnAccount || !slices.Equal(k.addrs, addrs)
	k.server, k.addrs = s, addrs
	k.mu.Unlock()
	if changed {
		k.hurry()
	}
}

// hurry ends a wait before the next attempt, and checks the relay that there is.
func (k *relayKeeper) hurry() {
	select {
	case k.kick <- struct{}{}:
	default:
	}
}

// attempts lists the ways to the server up to a transport, the better ones first.
func (k *relayKeeper) attempts(worst turnTransport) (relayServer, []relayAttempt) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var list []relayAttempt
	for _, w := range k.server.ways {
		for _, addr := range k.addrs {
			if w.transport <= worst {
				list = append(list, relayAttempt{w, netip.AddrPortFrom(addr, w.port), new(atomic.Int64)})
			}
		}
	}
	return k.server, list
}

// run keeps an allocation until ctx ends, and gives it back.
func (k *relayKeeper) run(ctx context.Context) {
	var tasks sync.WaitGroup
	defer tasks.Wait()
	for tries := 0; ctx.Err() == nil; {
		r, err := k.race(ctx, &tasks, turnTLS)
		if err != nil {
			k.report(nil, err)
			k.wait(ctx, backoff(tries))
			tries++
			continue
		}
		tries = 0
		k.hold(ctx, &tasks, r)
	}
}

func backoff(tries int) time.Duration {
	if tries >= relayFewTries {
		return relayLongWait
	}
	return min(relayBackoff<<min(tries, 8), relayMaxBackoff)
}

func (k *relayKeeper) wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-k.kick:
	case <-t.C:
	}
}

// hold keeps a relay alive, and replaces it by others, until there is none.
func (k *relayKeeper) hold(ctx context.Context, tasks *sync.WaitGroup, r *relay) {
	k.add(r)
	checked, improved := time.Now(), time.Now()
	for {
		hurried := k.awaitCheck(ctx, r)
		if ctx.Err() != nil {
			k.drop(r)
			r.close()
			return
		}
		now := time.Now()
		var err error
		if hurried || r.due(now, checked) {
			err, checked = r.check(ctx), now
		}
		better := r.way.transport > turnUDP && now.Sub(improved) > relayBetter
		switch {
		case unwelcome(err) || better:
			worst := turnTLS
			if better {
				worst, improved = r.way.transport-1, now
			}
			if other, err := k.race(ctx, tasks, worst); err == nil {
				k.add(other)
				old := r
				tasks.Go(func() { k.retire(ctx, old) })
				r = other
			}
		case err != nil && ctx.Err() == nil:
			k.log.Debug("relay gone", "server", r.conn.RemoteAddr(), "err", err)
			k.drop(r)
			r.abandon()
			return
		}
	}
}

// unwelcome says that a server still has an allocation, and does not like what we
// are known by any more. It goes on for a while.
func unwelcome(err error) bool {
	return errors.Is(err, ErrRelayRefused) && !errors.Is(err, errAllocationGone) && !isStale(err)
}

// awaitCheck waits for the time to look after a relay, and says whether there is a
// cause for it.
func (k *relayKeeper) awaitCheck(ctx context.Context, r *relay) (hurried bool) {
	t := time.NewTimer(relayCheckBusy / 2)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case <-k.kick:
		return true
	case <-r.doubt:
		return true
	case <-r.ended:
		return true
	}
	return false
}

// due says whether a relay is to be checked.
func (r *relay) due(now, checked time.Time) bool {
	silence := now.Sub(r.lastHeard())
	return silence > relayCheckIdle || silence > relayCheckBusy && r.busy() || now.Sub(checked) > relayCheckAlways
}

// retire ends a relay that was replaced, after a while.
func (k *relayKeeper) retire(ctx context.Context, r *relay) {
	t := time.NewTimer(relayGrace)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
	k.drop(r)
	r.close()
}

func (k *relayKeeper) add(r *relay) {
	k.mu.Lock()
	k.live = slices.Insert(k.live, 0, r)
	live := slices.Clone(k.live)
	k.mu.Unlock()
	k.report(live, nil)
}

func (k *relayKeeper) drop(r *relay) {
	k.mu.Lock()
	k.live = slices.DeleteFunc(k.live, func(x *relay) bool { return x == r })
	live := slices.Clone(k.live)
	k.mu.Unlock()
	k.report(live, nil)
}
