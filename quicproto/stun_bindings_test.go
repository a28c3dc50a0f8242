package quicproto

import (
	"net/netip"
	"slices"
	"testing"
	"time"
)

var (
	stunA    = netip.MustParseAddrPort("198.51.100.1:3478")
	stunB    = netip.MustParseAddrPort("198.51.100.2:3478")
	seenAs   = netip.MustParseAddrPort("192.0.2.7:1001")
	seenNext = netip.MustParseAddrPort("192.0.2.7:2002")
)

// newTestBindings asks servers from one address, with transactions numbered.
func newTestBindings(now time.Time, servers ...netip.AddrPort) *bindings {
	n := byte(0)
	b := &bindings{newID: func() stunID { n++; return stunID{n} }}
	var keys []bindingKey
	for _, s := range servers {
		keys = append(keys, bindingKey{local{ip: netip.MustParseAddr("10.0.0.2")}, s})
	}
	b.set(now, keys)
	return b
}

// popAll takes the requests due at now.
func (s *bindings) popAll(now time.Time) (asked []netip.AddrPort) {
	for {
		to, _, ok := s.pop(now)
		if !ok {
			return asked
		}
		asked = append(asked, to.server)
	}
}

// answer has a server answer the latest request to it.
func (s *bindings) answer(now time.Time, server, mapped netip.AddrPort) (changed bool) {
	i := slices.IndexFunc(s.list, func(b *binding) bool { return b.server == server })
	return s.handle(now, server, stunAnswerOf(s.list[i].id, mapped))
}

func TestBindingRequestsAreRepeated(t *testing.T) {
	start := time.Unix(0, 0)
	b := newTestBindings(start, stunA)
	var sent []time.Duration
	for len(sent) < 8 {
		now := b.next()
		if asked := b.popAll(now); len(asked) == 1 {
			sent = append(sent, now.Sub(start))
		}
		if want := len(sent) > stunSilence; b.silent() != want {
			t.Errorf("silent after %d requests: %v", len(sent), !want)
		}
	}
	const ms = time.Millisecond
	want := []time.Duration{0, 500 * ms, 1500 * ms, 3500 * ms, 7500 * ms, 15500 * ms, 31500 * ms, 47500 * ms}
	if !slices.Equal(sent, want) {
		t.Errorf("sent after %v, want %v", sent, want)
	}
}

func TestBindingsAreKeptAlive(t *testing.T) {
	now := time.Unix(0, 0)
	b := newTestBindings(now, stunA)
	b.popAll(now)
	if !b.answer(now, stunA, seenAs) || b.answer(now, stunA, seenAs) {
		t.Error("the first answer is news, and no other")
	}
	if got := b.next().Sub(now); got != stunRefresh {
		t.Errorf("asked again after %v", got)
	}
	for b.mapped() != nil { // the server falls silent
		now = b.next()
		b.popAll(now)
	}
	if gone := now.Sub(time.Unix(0, 0)); gone < 30*time.Second || gone > 70*time.Second {
		t.Errorf("given up after %v", gone)
	}
}

func TestAChangedBindingPutsTheOthersInDoubt(t *testing.T) {
	now := time.Unix(0, 0)
	b := newTestBindings(now, stunA, stunB)
	b.popAll(now)
	b.answer(now, stunA, seenAs)
	b.answer(now, stunB, seenAs)
	if b.dependent() {
		t.Error("the same seen by both depends on neither")
	}
	now = now.Add(time.Second)
	b.answer(now, stunA, seenNext)
	if asked := b.popAll(now); !slices.Equal(asked, []netip.AddrPort{stunB}) {
		t.Errorf("asked %v", asked)
	}
	if !b.dependent() {
		t.Error("what each sees is different")
	}
	if got := b.mapped(); !slices.Equal(got, []netip.AddrPort{seenNext, seenAs}) {
		t.Errorf("seen as %v", got)
	}
}

func TestForeignAnswersAreIgnored(t *testing.T) {
	now := time.Unix(0, 0)
	b := newTestBindings(now, stunA)
	_, request, _ := b.pop(now)
	good := stunAnswerOf(b.list[0].id, seenAs)
	for name, packet := range map[string][]byte{
		"the request":         request,
		"another transaction": stunAnswerOf(stunID{99}, seenAs),
		"a multicast address": stunAnswerOf(b.list[0].id, netip.MustParseAddrPort("224.0.0.1:9")),
		"port 0":              stunAnswerOf(b.list[0].id, netip.MustParseAddrPort("192.0.2.7:0")),
		"an answer, cut off":  good[:len(good)-1],
		"an answer, nothing":  good[:20],
		"nothing":             nil,
	} {
		if b.handle(now, stunA, packet) || b.mapped() != nil {
			t.Errorf("%s is believed", name)
		}
	}
	if b.handle(now, stunB, good) {
		t.Error("an answer from elsewhere is believed")
	}
	if !b.handle(now, stunA, good) {
		t.Error("the answer is not believed")
	}
}

func TestBindingsAreBounded(t *testing.T) {
	var servers []netip.AddrPort
	for port := range uint16(1000) {
		servers = append(servers, netip.AddrPortFrom(stunA.Addr(), port+1))
	}
	b := newTestBindings(time.Unix(0, 0), servers...)
	if len(b.list) != maxBindings {
		t.Errorf("%d bindings", len(b.list))
	}
}
