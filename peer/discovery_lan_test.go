package peer

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/skulltech/prattle/quicproto"
)

// lanWorld is a network whose packets get lost, and members on it. Time is that of
// the test.
type lanWorld struct {
	now      time.Time
	rnd      *rand.Rand
	loss     float64 // of each packet at each that should hear it
	delay    time.Duration
	members  []*lanMember
	underway []lanPacket
	sent     int // messages
	bytes    int
}

type lanMember struct {
	*dnssd
	begin time.Time
	gone  bool
	seen  map[instance]time.Time // first
	last  map[instance]time.Time
	addrs map[instance][]netip.AddrPort
}

type lanPacket struct {
	at      time.Time
	to      *lanMember
	message []byte
}

const lanLink = 3 // index of everybody's interface

func newLANWorld(seed uint64) *lanWorld {
	return &lanWorld{now: time.Unix(1e9, 0), rnd: rand.New(rand.NewPCG(seed, 0)), delay: time.Millisecond}
}

func lanLinkOf(i int) quicproto.LocalLink {
	return quicproto.LocalLink{
		Interface: net.Interface{Index: lanLink, Name: "eth0", Flags: net.FlagUp | net.FlagRunning | net.FlagMulticast},
		Prefixes:  []netip.Prefix{netip.MustParsePrefix(fmt.Sprintf("192.168.1.%d/24", i+1)), netip.MustParsePrefix(fmt.Sprintf("fe80::%d/64", i+1))},
	}
}

// join brings a member that begins after a while.
func (w *lanWorld) join(room string, after time.Duration) *lanMember {
	i := len(w.members)
	var own instance
	own[0], own[1] = byte(i+1), 0xcc
	wanted := func(i instance, tag roomTag) bool { return tag == tagOf(i, room) }
	m := &lanMember{
		dnssd: newDNSSD(own, &announced{tagOf(own, room), netip.MustParseAddrPort("[::]:7728")}, wanted, w.rnd),
		begin: w.now.Add(after), seen: make(map[instance]time.Time), last: make(map[instance]time.Time),
		addrs: make(map[instance][]netip.AddrPort),
	}
	w.members = append(w.members, m)
	return m
}

// run lets time pass.
func (w *lanWorld) run(d time.Duration) {
	for end := w.now.Add(d); ; {
		next := end
		for _, m := range w.members {
			at := m.next()
			if len(m.links) == 0 {
				at = m.begin
			}
			if !m.gone && !at.IsZero() && at.Before(next) {
				next = at
			}
		}
		for _, p := range w.underway {
			if p.at.Before(next) {
				next = p.at
			}
		}
		if next.After(w.now) {
			w.now = next
		}
		if !w.now.Before(end) {
			return
		}
		w.step()
	}
}

func (w *lanWorld) step() {
	var late []lanPacket
	arrived := w.underway
	w.underway = nil
	for _, p := range arrived {
		if p.at.After(w.now) {
			late = append(late, p)
		} else if !p.to.gone && len(p.to.links) > 0 {
			p.to.handleMessage(w.now, lanLink, p.message)
		}
	}
	w.underway = append(w.underway, late...)
	for i, m := range w.members {
		if m.gone || w.now.Before(m.begin) {
			continue
		}
		if len(m.links) == 0 {
			m.handleLinks(w.now, []quicproto.LocalLink{lanLinkOf(i)})
		}
		m.advance(w.now)
		w.carry(m)
		for s, ok := m.popSighting(); ok; s, ok = m.popSighting() {
			if m.seen[s.instance].IsZero() {
				m.seen[s.instance] = w.now
			}
			m.last[s.instance], m.addrs[s.instance] = w.now, s.addrs
		}
	}
}

// carry sends what a member says to all, itself too.
func (w *lanWorld) carry(from *lanMember) {
	for out, ok := from.popMessage(); ok; out, ok = from.popMessage() {
		w.sent++
		w.bytes += len(out.message)
		for _, m := range w.members {
			if m == from || w.rnd.Float64() >= w.loss {
				w.underway = append(w.underway, lanPacket{w.now.Add(w.delay), m, out.message})
			}
		}
	}
}

// leave is a goodbye, or not even that.
func (w *lanWorld) leave(m *lanMember, goodbye bool) {
	if goodbye {
		m.leave()
		w.carry(m)
	}
	m.gone = true
}

// met is how long it took until of each pair that has met one knows the other, and
// both do; false if some pair has not.
func (w *lanWorld) met() (one, both time.Duration, all bool) {
	all = true
	for i, a := range w.members {
		for _, b := range w.members[:i] {
			began := a.begin
			if b.begin.After(began) {
				began = b.begin
			}
			first, second := a.seen[b.own], b.seen[a.own]
			if first.IsZero() || second.IsZero() {
				all = false
				continue
			}
			if second.Before(first) {
				first, second = second, first
			}
			one, both = max(one, first.Sub(began)), max(both, second.Sub(began))
		}
	}
	return one, both, all
}

func TestMembersOfARoomMeet(t *testing.T) {
	for _, x := range []struct {
		name    string
		spread  time.Duration // in which they begin
		loss    float64
		one     time.Duration // until of each pair one must know the other, in nine runs of ten
		members int
		runs    uint64
	}{
		{"at once", 0, 0, 5 * time.Millisecond, 8, 20},
		{"within a second", time.Second, 0, 5 * time.Millisecond, 8, 20},
		{"at leisure", time.Minute, 0, 5 * time.Millisecond, 8, 20},
		{"with loss", 200 * time.Millisecond, 0.1, 500 * time.Millisecond, 8, 20},
		{"a crowd", 100 * time.Millisecond, 0.02, 500 * time.Millisecond, 32, 4},
	} {
		t.Run(x.name, func(t *testing.T) {
			var ones, boths []time.Duration
			for seed := range x.runs {
				w := newLANWorld(seed)
				w.loss = x.loss
				for range x.members {
					w.join("kitchen", time.Duration(w.rnd.Int64N(int64(x.spread)+1)))
				}
				w.run(x.spread + 10*time.Second)
				one, both, all := w.met()
				if !all {
					t.Fatalf("seed %d: some have not met", seed)
				}
				ones, boths = append(ones, one), append(boths, both)
			}
			slices.Sort(ones)
			slices.Sort(boths)
			half, most, all := x.runs/2, x.runs*9/10, x.runs-1
			t.Logf("until one of the slowest pair knows: p50 %v p90 %v max %v; both: p50 %v p90 %v max %v",
				ones[half], ones[most], ones[all], boths[half], boths[most], boths[all])
			if ones[most] > x.one {
				t.Errorf("took %v, want %v", ones[most], x.one)
			}
		})
	}
}

func TestARoomAtRestIsQuiet(t *testing.T) {
	const members, minutes = 8, 30
	w := newLANWorld(1)
	for range members {
		w.join("kitchen", time.Duration(w.rnd.Int64N(int64(time.Second))))
	}
	w.run(3 * time.Minute)
	w.sent, w.bytes = 0, 0
	w.run(minutes * time.Minute)
	each := float64(w.sent) / members / minutes
	t.Logf("%.2f messages and %.0f bytes each and minute", each, float64(w.bytes)/members/minutes)
	if each > 1.5 {
		t.Errorf("%.2f messages each and minute", each)
	}
	for _, m := range w.members {
		for _, o := range w.members {
			if m != o && w.now.Sub(m.last[o.own]) > sightingInterval {
				t.Errorf("%v has not been told of %v for %v", m.own, o.own, w.now.Sub(m.last[o.own]))
			}
		}
	}
}

func TestWhoLeavesIsToldOfNoMore(t *testing.T) {
	for _, goodbye := range []bool{true, false} {
		w := newLANWorld(2)
		stays, leaves := w.join("kitchen", 0), w.join("kitchen", 0)
		w.run(time.Minute)
		left := w.now
		w.leave(leaves, goodbye)
		w.run(5 * time.Minute)
		told := stays.last[leaves.own].Sub(left)
		t.Logf("goodbye %v: told of until %v after it left", goodbye, told)
		if patience := announcementTTL; told > patience || goodbye && told > 0 {
			t.Errorf("goodbye %v: told of %v after it left", goodbye, told)
		}
		if len(stays.dnssd.seen.list) != 0 {
			t.Errorf("goodbye %v: it is still known", goodbye)
		}
	}
}

func TestOnlyMembersOfTheRoomAreToldOf(t *testing.T) {
	w := newLANWorld(3)
	kitchen, attic := w.join("kitchen", 0), w.join("attic", 0)
	w.run(time.Minute)
	if len(kitchen.seen)+len(attic.seen) > 0 {
		t.Errorf("the kitchen saw %v, the attic %v", kitchen.seen, attic.seen)
	}
	other := w.join("kitchen", 0)
	w.run(time.Second)
	want := []netip.AddrPort{netip.MustParseAddrPort("192.168.1.1:7728"), netip.MustParseAddrPort("[fe80::1%eth0]:7728")}
	if len(other.seen) != 1 || !slices.Equal(other.addrs[kitchen.own], want) {
		t.Errorf("saw %v", other.addrs)
	}
	if len(kitchen.seen) != 1 {
		t.Errorf("the kitchen saw %v", kitchen.seen)
	}
}
