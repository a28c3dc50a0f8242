package quicproto

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// fakeRouter is a portProtocol that does as it is told.
type fakeRouter struct {
	begin   time.Time
	mapping mapping
	err     error
	added   []time.Duration
	removed int
}

func (r *fakeRouter) add(context.Context) (mapping, error) {
	r.added = append(r.added, time.Since(r.begin))
	return r.mapping, r.err
}

func (r *fakeRouter) remove(context.Context) { r.removed++ }
func (*fakeRouter) String() string           { return "fake" }

// mapFor has a mapper deal with routers for a while, and returns what it reported.
func mapFor(t *testing.T, d time.Duration, routers ...*fakeRouter) (reported []netip.AddrPort) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var list []portProtocol
		for _, r := range routers {
			r.begin = time.Now()
			list = append(list, r)
		}
		m := &portMapper{
			protocols: func() []portProtocol { return list },
			report:    func(addr netip.AddrPort) { reported = append(reported, addr) },
			log:       testLogger(t),
		}
		ctx, cancel := context.WithTimeout(t.Context(), d)
		defer cancel()
		m.run(ctx)
	})
	return reported
}

func TestMappingsAreRenewedAndRemoved(t *testing.T) {
	r := &fakeRouter{mapping: mapping{seenAs, time.Hour}}
	reported := mapFor(t, 100*time.Minute, r)
	if want := []time.Duration{0, 30 * time.Minute, 60 * time.Minute, 90 * time.Minute}; !slices.Equal(r.added, want) || r.removed != 1 {
		t.Errorf("added after %v, removed %d times", r.added, r.removed)
	}
	if want := []netip.AddrPort{seenAs, seenAs, seenAs, seenAs, {}}; !slices.Equal(reported, want) {
		t.Errorf("reported %v", reported)
	}
}

func TestARouterCannotKeepUsBusy(t *testing.T) {
	r := &fakeRouter{mapping: mapping{seenAs, time.Second}}
	mapFor(t, 10*time.Minute-1, r)
	if len(r.added) != 10 {
		t.Errorf("asked %d times in 10 min", len(r.added))
	}
}

func TestTheNextProtocolIsTried(t *testing.T) {
	none := &fakeRouter{err: errors.New("none")}
	nowhere := &fakeRouter{mapping: mapping{netip.MustParseAddrPort("0.0.0.0:1"), time.Hour}}
	good := &fakeRouter{mapping: mapping{seenAs, 0}}
	reported := mapFor(t, time.Second, none, nowhere, good)
	if want := []netip.AddrPort{seenAs, {}}; !slices.Equal(reported, want) || nowhere.removed != 1 || good.removed != 1 {
		t.Errorf("reported %v; removed %d and %d times", reported, nowhere.removed, good.removed)
	}
}

func TestRoutersThatForwardNothingAreLeftInPeace(t *testing.T) {
	r := &fakeRouter{err: errors.New("none")}
	if reported := mapFor(t, 24*time.Hour, r); reported != nil {
		t.Errorf("reported %v", reported)
	}
	if len(r.added) > 60 {
		t.Errorf("asked %d times in a day", len(r.added))
	}
}
