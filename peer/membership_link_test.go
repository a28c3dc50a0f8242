package peer

import (
	"net/netip"
	"testing"
	"time"

	"github.com/skulltech/prattle/certs"
)

// calling has us call a peer, which has our Join.
func (d *roomDesk) calling(peer byte) linkKey {
	d.t.Helper()
	d.handleAddress(d.now, []netip.AddrPort{addrOf(peer)})
	key, ok := d.dialled(d.order(), peer)
	if !ok {
		d.t.Fatalf("no Join for %d", peer)
	}
	return key
}

func TestTwoMembersThatDialEachOtherKeepOneLink(t *testing.T) {
	const lower, higher = 1, 9 // we are 5
	for name, tc := range map[string]struct {
		peer  byte
		wants joinVerdict
	}{
		"theirs goes first": {lower, joinProceed},
		"ours goes first":   {higher, joinLinked},
	} {
		d := newRoomDesk(t)
		out := d.calling(tc.peer)
		if _, verdict := d.join(tc.peer, tc.peer); verdict != tc.wants {
			t.Errorf("%s: the answer is %d", name, verdict)
		}
		if _, gone := d.dropped()[out]; gone != (tc.wants == joinProceed) {
			t.Errorf("%s: our own is dropped: %v", name, gone)
		}
	}
}

func TestADialThatFindsThePeerCallingGivesWay(t *testing.T) {
	for _, peer := range []byte{1, 9} {
		d := newRoomDesk(t)
		d.handleAddress(d.now, []netip.AddrPort{addrOf(peer)})
		o := d.order()
		in, verdict := d.join(peer, peer)
		if verdict != joinProceed {
			t.Errorf("peer %d, whom we merely dial, is answered with %d", peer, verdict)
		}
		if _, ok := d.dialled(o, peer); ok {
			t.Errorf("peer %d is asked by us, too", peer)
		}
		if d.opened(in, peer, peer); len(d.dropped()) > 0 || !d.find(in).live() {
			t.Errorf("peer %d is not linked", peer)
		}
	}
}

// A Join of ours that went to a program that died is not waited for.
func TestAnUnansweredJoinGivesWayInTime(t *testing.T) {
	d := newRoomDesk(t)
	out := d.calling(9)
	d.pass(glareWindow)
	if _, verdict := d.join(9, 2); verdict != joinProceed {
		t.Errorf("the answer is %d", verdict)
	}
	if d.dropped()[out] != dropLinked || d.find(out) != nil {
		t.Error("our own goes on")
	}
}

// When both connections open all the same, both sides keep the lower peer's.
func TestBothSidesKeepTheSameOfTwoOpenLinks(t *testing.T) {
	for _, peer := range []byte{1, 9} {
		for _, outFirst := range []bool{true, false} {
			d := newRoomDesk(t)
			d.links = []*memberLink{
				{key: 1, peer: certs.PeerID{peer}, outgoing: true, target: new(target)},
				{key: 2, peer: certs.PeerID{peer}, instance: instance{peer}},
			}
			first, second := linkKey(2), linkKey(1)
			if outFirst {
				first, second = 1, 2
			}
			d.find(first).open, d.find(first).instance = true, instance{peer}
			d.opened(second, peer, peer)
			want := linkKey(2)
			if peer == 9 {
				want = 1
			}
			if l := d.openTo(certs.PeerID{peer}); l == nil || l.key != want || len(d.dropped()) != 1 {
				t.Errorf("peer %d, ours first: %v: kept is %+v", peer, outFirst, l)
			}
		}
	}
}

func TestASecondConnectionIsRefusedWhileTheFirstIsHeard(t *testing.T) {
	d := newRoomDesk(t)
	first := d.linked(1, 1)
	if _, verdict := d.join(1, 1); verdict != joinLinked {
		t.Errorf("the answer is %d", verdict)
	}
	d.handleSilent(d.now, first, true)
	second, verdict := d.join(1, 1)
	if verdict != joinProceed || len(d.dropped()) > 0 {
		t.Fatalf("once the first is silent, the answer is %d", verdict)
	}
	d.handleSilent(d.now, first, false) // and heard again: the other side has made up its mind
	d.opened(second, 1, 1)
	if d.dropped()[first] != dropLinked || d.openTo(certs.PeerID{1}).key != second {
		t.Error("the second has not taken its place")
	}
}

func TestARestartedMemberReplacesItsFormerSelf(t *testing.T) {
	d := newRoomDesk(t)
	old := d.linked(1, 1)
	fresh, verdict := d.join(1, 2)
	if verdict != joinProceed || d.find(old) == nil {
		t.Fatalf("the answer is %d, the old link %+v", verdict, d.find(old))
	}
	d.opened(fresh, 1, 2)
	if _, gone := d.dropped()[old]; !gone || d.openTo(certs.PeerID{1}).key != fresh {
		t.Fatal("the old link is still there")
	}
	// What its former self sent before it died comes late.
	if _, verdict := d.join(1, 1); verdict != joinLinked {
		t.Errorf("its former self is answered with %d", verdict)
	}
	other := d.linked(2, 2)
	d.handleView(d.now, other, view{list: []memberInfo{introduction(1, 1)}})
	if d.pass(time.Second); len(d.orders()) > 0 {
		t.Error("its former self is dialled")
	}
}

// A connection of a former self that never opens takes nobody's place.
func TestAZombieTakesNobodysPlace(t *testing.T) {
	d := newRoomDesk(t)
	live := d.linked(1, 2)
	zombie, verdict := d.join(1, 1) // which we have never heard of
	if verdict != joinProceed {
		t.Fatalf("the answer is %d", verdict)
	}
	d.handleEnded(d.now, zombie, false)
	if !d.find(live).live() || len(d.dropped()) > 0 {
		t.Error("the live link suffered")
	}
}

func TestASilentLinkGivesWayWhoeverDialledIt(t *testing.T) {
	d := newRoomDesk(t)
	first := d.calling(9) // which would win if they were dialled at once
	d.opened(first, 9, 9)
	d.handleSilent(d.now, first, true)
	second, _ := d.join(9, 9)
	d.handleSilent(d.now, first, false)
	if d.opened(second, 9, 9); d.dropped()[first] != dropLinked || !d.find(second).live() {
		t.Error("the second has not taken its place")
	}
}

func TestAFormerSelfMayReturnOnceTheLaterOneIsSilent(t *testing.T) {
	d := newRoomDesk(t)
	d.linked(1, 1)
	later := d.linked(1, 2)
	d.dropped()
	d.handleSilent(d.now, later, true)
	again := d.linked(1, 1)
	if _, gone := d.dropped()[later]; !gone || d.openTo(certs.PeerID{1}).key != again {
		t.Error("it has no link")
	}
}

func TestALostMemberThatIsBackWasAnotherInstance(t *testing.T) {
	d := newRoomDesk(t)
	d.handleEnded(d.now, d.linked(1, 1), false)
	d.linked(1, 2)
	if _, verdict := d.join(1, 1); verdict != joinLinked {
		t.Errorf("its former self is answered with %d", verdict)
	}
	if d.pass(time.Minute); len(d.orders()) > 0 {
		t.Error("its former self is dialled")
	}
}

func TestWhoLeftAndReturnedIsSoughtWhenLost(t *testing.T) {
	d := newRoomDesk(t)
	d.handleEnded(d.now, d.linked(1, 1), true)
	d.handleEnded(d.now, d.linked(1, 1), false)
	d.pass(time.Second)
	if o := d.order(); o.peer != (certs.PeerID{1}) {
		t.Errorf("dialled is %+v", o)
	}
}

func TestWhereASilentLinkLedSomebodyMayBeAgain(t *testing.T) {
	d := newRoomDesk(t)
	first := d.calling(9)
	d.opened(first, 9, 1)
	d.pass(time.Minute)
	if len(d.orders()) > 0 {
		t.Fatal("it is dialled though there is a link")
	}
	d.handleSilent(d.now, first, true)
	second, ok := d.dialled(d.order(), 9)
	if !ok {
		t.Fatal("no Join is sent")
	}
	d.opened(second, 9, 2)
	if _, gone := d.dropped()[first]; !gone || !d.find(second).live() {
		t.Error("the new instance has no link")
	}
}

func TestAnOpenLinkEndsOtherAttempts(t *testing.T) {
	d := newRoomDesk(t)
	in, _ := d.join(1, 1)
	d.handleSighting(d.now, instance{2}, []netip.AddrPort{addrOf(1)})
	d.pass(time.Second)
	out, ok := d.dialled(d.order(), 1)
	if !ok {
		t.Fatal("what may be another instance is not asked")
	}
	if d.opened(in, 1, 1); d.dropped()[out] != dropLinked || d.find(out) != nil || !d.find(in).live() {
		t.Error("our own attempt goes on")
	}
}
