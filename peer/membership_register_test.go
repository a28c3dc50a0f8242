package peer

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/skulltech/prattle/certs"
)

func TestARemovedMemberIsNotDialledWhereItIsSighted(t *testing.T) {
	d := newRoomDesk(t)
	d.linked(1, 1)
	d.remove(certs.PeerID{1})
	d.dropped()
	d.handleSighting(d.now, instance{1}, []netip.AddrPort{addrOf(1)})
	if d.pass(time.Minute); len(d.orders()) > 0 {
		t.Error("it is dialled")
	}
	d.admit(certs.PeerID{1})
	d.handleSighting(d.now, instance{1}, []netip.AddrPort{addrOf(1)})
	if d.pass(5 * time.Second); len(d.orders()) == 0 {
		t.Error("it was let in again, and is not dialled")
	}
}

func TestARemovedMemberIsLeftByAll(t *testing.T) {
	d := newRoomDesk(t)
	member, other := d.linked(1, 1), d.linked(2, 2)
	d.views()
	knocking, _ := d.join(3, 3)
	d.remove(certs.PeerID{1})
	d.remove(certs.PeerID{3})
	if drops := d.dropped(); drops[member] != dropRemoved || drops[knocking] != dropRemoved || len(drops) != 2 {
		t.Errorf("dropped are %v", drops)
	}
	views := d.views()
	if v := views[other]; len(views) != 1 || len(v.entries) != 2 || v.entries[0] != (register{certs.PeerID{1}, verdictRemoved, 2}) || len(v.list) != 0 {
		t.Errorf("told is %+v", views)
	}
	if _, verdict := d.join(1, 9); verdict != joinRemoved {
		t.Errorf("it is answered with %d", verdict)
	}
	// A view does not bring it back, however often it is told, an older verdict neither.
	d.handleView(d.now, other, view{list: []memberInfo{introduction(1, 1)}, entries: []register{{certs.PeerID{1}, verdictAdmitted, 2}}})
	if d.pass(time.Minute); len(d.orders()) > 0 || d.admitted(certs.PeerID{1}) {
		t.Error("it is taken for a member")
	}
	d.handleView(d.now, other, view{entries: []register{{certs.PeerID{1}, verdictAdmitted, 3}}})
	if d.removed(certs.PeerID{1}) {
		t.Error("another member cannot let it in again")
	}
}

func TestNobodyLetsItselfInAgain(t *testing.T) {
	d := newRoomDesk(t)
	key := d.linked(1, 1)
	d.handleView(d.now, key, view{entries: []register{{certs.PeerID{1}, verdictAdmitted, 1 << 60}}})
	d.remove(certs.PeerID{1})
	if r := d.registerOf(certs.PeerID{1}); r != (register{certs.PeerID{1}, verdictRemoved, 2}) {
		t.Errorf("the register is %+v", r)
	}
}

func TestWhoIsRemovedGoesQuiet(t *testing.T) {
	d := newRoomDesk(t)
	a, b := d.linked(1, 1), d.linked(2, 2)
	d.handleAddress(d.now, []netip.AddrPort{addrOf(7)})
	d.handleView(d.now, a, view{list: []memberInfo{introduction(3, 3)}, entries: []register{{d.own, verdictRemoved, 2}}})
	if drops := d.dropped(); !d.removedSelf() || drops[a] != dropExpelled || drops[b] != dropExpelled {
		t.Errorf("removed: %v, dropped are %v", d.removedSelf(), drops)
	}
	d.handleSighting(d.now, instance{8}, []netip.AddrPort{addrOf(8)})
	d.pass(time.Minute)
	if len(d.orders()) > 0 || len(d.views()) > 0 || !d.membership.next().IsZero() {
		t.Error("it goes on")
	}
	if _, verdict := d.join(1, 1); verdict == joinProceed {
		t.Error("it lets somebody in")
	}
}

func TestALockedRoomTakesItsMembersOnly(t *testing.T) {
	d := newRoomDesk(t)
	key := d.linked(1, 1)
	d.setLocked(true)
	if _, verdict := d.join(2, 2); verdict != joinLocked {
		t.Errorf("a newcomer is answered with %d", verdict)
	}
	d.handleAddress(d.now, []netip.AddrPort{addrOf(2)})
	if _, ok := d.dialled(d.order(), 2); ok {
		t.Error("a newcomer is asked to let us in")
	}
	d.handleEnded(d.now, key, false)
	if _, verdict := d.join(1, 9); verdict != joinProceed {
		t.Errorf("a member that comes back is answered with %d", verdict)
	}
	d.admit(certs.PeerID{2})
	if _, verdict := d.join(2, 2); verdict != joinProceed {
		t.Errorf("who was let in is answered with %d", verdict)
	}
}

func TestAdmissionByAnyMemberCounts(t *testing.T) {
	d := newRoomDesk(t)
	key := d.linked(1, 1)
	d.popNews()
	d.handleView(d.now, key, view{list: []memberInfo{introduction(2, 2)}, entries: []register{{certs.PeerID{3}, verdictAdmitted, 1}}})
	if !d.admitted(certs.PeerID{2}) || !d.admitted(certs.PeerID{3}) || d.admitted(certs.PeerID{4}) || !d.popNews() || d.popNews() {
		t.Error("admissions are not as told")
	}
	d.handleSilent(d.now, key, true)
	if d.admitted(certs.PeerID{2}) || !d.admitted(certs.PeerID{3}) {
		t.Error("who introduces is silent, but its word counts as before")
	}
}

func TestManyDecisionsAreToldInParts(t *testing.T) {
	d := newRoomDesk(t)
	for i := range 2 * maxDecisions {
		d.admit(certs.PeerID{1, byte(i >> 8), byte(i)})
	}
	d.remove(certs.PeerID{2})
	key := d.linked(9, 9)
	heard := make(map[certs.PeerID]register)
	for range maxDecisions {
		o, ok := d.popTell()
		if !ok {
			break
		}
		if o.key != key || len(o.view.entries) > maxEntries {
			t.Fatalf("told to %d are %d decisions", o.key, len(o.view.entries))
		}
		for _, r := range o.view.entries {
			heard[r.peer] = r
		}
	}
	if len(heard) != maxDecisions || heard[certs.PeerID{2}].verdict != verdictRemoved {
		t.Errorf("%d decisions were told", len(heard))
	}
	if d.pass(time.Minute); len(d.views()) > 0 {
		t.Error("they are told again")
	}
}

// Whatever the order in which they come, and however often, all end with the same.
func TestDecisionsMerge(t *testing.T) {
	const seed = 4
	rng := rand.New(rand.NewPCG(seed, 0))
	for round := range 200 {
		registers, locks := make([]register, 12), make([]roomLock, 4)
		for i := range registers {
			registers[i] = register{certs.PeerID{byte(1 + rng.IntN(3))}, verdictAdmitted + verdict(rng.IntN(2)), uint64(1 + rng.IntN(4))}
		}
		for i := range locks {
			locks[i] = roomLock{rng.IntN(2) == 0, uint64(rng.IntN(3)), certs.PeerID{byte(rng.IntN(2))}}
		}
		var first *roomDesk
		for range 4 {
			d := newRoomDesk(t)
			rng.Shuffle(len(registers), func(i, j int) { registers[i], registers[j] = registers[j], registers[i] })
			rng.Shuffle(len(locks), func(i, j int) { locks[i], locks[j] = locks[j], locks[i] })
			for i, r := range slices.Concat(registers, registers[:6]) {
				d.merge(r, 1)
				d.mergeLock(locks[i%len(locks)])
			}
			if first == nil {
				first = d
			}
			for peer := range byte(4) {
				if a, b := first.registerOf(certs.PeerID{peer}), d.registerOf(certs.PeerID{peer}); a != b {
					t.Fatalf("round %d: %+v and %+v", round, a, b)
				}
			}
			if first.lock != d.lock {
				t.Fatalf("round %d: %+v and %+v", round, first.lock, d.lock)
			}
		}
	}
}

func TestDecisionsArePassedOn(t *testing.T) {
	d := newRoomDesk(t)
	a, b := d.linked(1, 1), d.linked(2, 2)
	d.views()
	d.handleView(d.now, a, view{entries: []register{{certs.PeerID{3}, verdictRemoved, 2}}})
	views := d.views()
	if _, echoed := views[a]; len(views[b].entries) != 1 || echoed && len(views[a].entries) > 0 {
		t.Errorf("told is %+v", views)
	}
}

func TestARemovalOfOurselvesCounts(t *testing.T) {
	d := newRoomDesk(t)
	key := d.linked(1, 1)
	d.handleView(d.now, key, view{entries: []register{{d.own, verdictAdmitted, 9}}})
	d.handleView(d.now, key, view{entries: []register{{d.own, verdictRemoved, 2}}})
	if !d.removedSelf() {
		t.Error("we stay")
	}
}
