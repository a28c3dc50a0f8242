package peer

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/skulltech/prattle/certs"
)

// roomDesk is one membership whose other members the test plays: the time, and the
// keys of connections.
type roomDesk struct {
	*membership
	t   *testing.T
	now time.Time
	key linkKey
}

// newRoomDesk returns that of peer 5.
func newRoomDesk(t *testing.T) *roomDesk {
	rnd := rand.New(rand.NewPCG(1, 1))
	return &roomDesk{membership: newMembership(certs.PeerID{5}, instance{5}, rnd), t: t, now: time.Unix(1000, 0)}
}

func (d *roomDesk) pass(by time.Duration) {
	d.now = d.now.Add(by)
	d.advance(d.now)
}

// addrOf is where peer n listens.
func addrOf(n byte) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, n}), 7728)
}

// orders are the dials that are to begin now.
func (d *roomDesk) orders() []dialOrder {
	var orders []dialOrder
	for o, ok := d.popDial(); ok; o, ok = d.popDial() {
		orders = append(orders, o)
	}
	return orders
}

// order is the one dial that is to begin now.
func (d *roomDesk) order() dialOrder {
	d.t.Helper()
	orders := d.orders()
	if len(orders) != 1 {
		d.t.Fatalf("%d dials are ordered: %+v", len(orders), orders)
	}
	return orders[0]
}

// dropped are the links that are to be ended now.
func (d *roomDesk) dropped() map[linkKey]dropReason {
	drops := make(map[linkKey]dropReason)
	for o, ok := d.popDrop(); ok; o, ok = d.popDrop() {
		drops[o.key] = o.reason
	}
	return drops
}

// views are what is to be told now.
func (d *roomDesk) views() map[linkKey]view {
	views := make(map[linkKey]view)
	for o, ok := d.popTell(); ok; o, ok = d.popTell() {
		views[o.key] = o.view
	}
	return views
}

// join has an instance of a peer ask to be let in.
func (d *roomDesk) join(peer, i byte) (linkKey, joinVerdict) {
	d.key++
	return d.key, d.handleJoin(d.now, d.key, certs.PeerID{peer}, instance{i})
}

// dialled has a dial lead to a peer; false if we do not ask it to let us in.
func (d *roomDesk) dialled(o dialOrder, peer byte) (linkKey, bool) {
	d.key++
	return d.key, d.handleDialed(d.now, o.key, d.key, certs.PeerID{peer})
}

func (d *roomDesk) opened(key linkKey, peer, i byte) {
	d.handleOpen(d.now, key, certs.PeerID{peer}, instance{i}, []netip.AddrPort{addrOf(peer)})
}

// linked has an instance of a peer in the room with us.
func (d *roomDesk) linked(peer, i byte) linkKey {
	d.t.Helper()
	key, verdict := d.join(peer, i)
	if verdict != joinProceed {
		d.t.Fatalf("the Join of %d is answered with %d", peer, verdict)
	}
	d.opened(key, peer, i)
	return key
}

// introduction says that there is a member at its address.
func introduction(peer, i byte) memberInfo {
	return memberInfo{certs.PeerID{peer}, instance{i}, []netip.AddrPort{addrOf(peer)}}
}

func TestALostMemberIsSoughtAndALeavingOneIsNot(t *testing.T) {
	d := newRoomDesk(t)
	key := d.linked(9, 1)
	d.handleEnded(d.now, key, false)
	var last time.Time
	for len(d.targets) > 0 {
		d.pass(max(d.membership.next().Sub(d.now), 0))
		for _, o := range d.orders() {
			if o.peer != (certs.PeerID{9}) || !slices.Equal(o.addrs, []netip.AddrPort{addrOf(9)}) {
				t.Fatalf("dialled is %+v", o)
			}
			if pause := d.now.Sub(last); !last.IsZero() && pause > longestPause {
				t.Errorf("%v between two attempts", pause)
			}
			last = d.now
			d.handleDialFailed(d.now, o.key)
		}
	}
	if passed := d.now.Sub(time.Unix(1000, 0)); passed < lostLifetime || passed > lostLifetime+time.Second {
		t.Errorf("it was given up after %v", passed)
	}

	d = newRoomDesk(t)
	key, other := d.linked(9, 1), d.linked(8, 1)
	d.handleEnded(d.now, key, true)
	d.handleView(d.now, other, view{list: []memberInfo{introduction(9, 1)}})
	d.handleSighting(d.now, instance{1}, []netip.AddrPort{addrOf(9)})
	d.pass(time.Minute)
	if orders := d.orders(); len(orders) > 0 {
		t.Errorf("who has left is dialled: %+v", orders)
	}
	d.handleView(d.now, other, view{list: []memberInfo{introduction(9, 2)}})
	d.pass(time.Second)
	if o := d.order(); o.peer != (certs.PeerID{9}) {
		t.Errorf("when it is back, dialled is %+v", o)
	}
}

func TestPausesGrow(t *testing.T) {
	d := newRoomDesk(t)
	d.handleAddress(d.now, []netip.AddrPort{addrOf(1)})
	for _, want := range []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 5 * time.Second, 5 * time.Second} {
		d.handleDialFailed(d.now, d.order().key)
		pause := d.membership.next().Sub(d.now)
		if pause > want || pause < want*3/4 {
			t.Errorf("the pause is %v, not about %v", pause, want)
		}
		d.pass(pause)
	}
}

func TestWhoIsNewDoesNotWaitForThoseWhoAreGone(t *testing.T) {
	d := newRoomDesk(t)
	teller := d.linked(200, 1)
	var list []memberInfo
	for i := range byte(20) {
		list = append(list, introduction(10+i, 1))
	}
	d.handleView(d.now, teller, view{list: list})
	for range 2 { // all have failed once
		d.pass(time.Second)
		for orders := d.orders(); len(orders) > 0; orders = d.orders() {
			if len(orders) > maxDials {
				t.Fatalf("%d dials at once", len(orders))
			}
			for _, o := range orders {
				d.handleDialFailed(d.now, o.key)
			}
		}
	}
	d.pass(2 * longestPause)
	if orders := d.orders(); len(orders) != maxRetries {
		t.Errorf("%d are tried again at once", len(orders))
	}
	d.handleAddress(d.now, []netip.AddrPort{addrOf(99)})
	if o := d.order(); o.addrs[0] != addrOf(99) {
		t.Errorf("dialled is %+v", o)
	}
}

func TestWhoDeclinesIsNotAskedAgain(t *testing.T) {
	d := newRoomDesk(t)
	out := d.calling(1)
	d.handleDeclined(d.now, out)
	d.handleEnded(d.now, out, false)
	d.handleSighting(d.now, instance{1}, []netip.AddrPort{addrOf(1)}) // which we do not know to be the same
	d.pass(time.Minute)
	for _, o := range d.orders() {
		if key, ok := d.dialled(o, 1); ok {
			t.Errorf("it is asked again: %d", key)
		}
	}
	other := d.linked(2, 2)
	d.handleView(d.now, other, view{list: []memberInfo{introduction(1, 1)}})
	d.pass(time.Second)
	if _, ok := d.dialled(d.order(), 1); !ok {
		t.Error("it is not asked when another member has let us in")
	}
}

func TestWeNeverDialOurselves(t *testing.T) {
	d := newRoomDesk(t)
	d.handleOwnAddrs([]netip.AddrPort{addrOf(5)})
	d.handleSighting(d.now, d.self, []netip.AddrPort{addrOf(50)})
	d.handleAddress(d.now, []netip.AddrPort{addrOf(5)})
	key := d.linked(1, 1)
	d.handleView(d.now, key, view{list: []memberInfo{introduction(5, 5), introduction(5, 6), {certs.PeerID{7}, instance{7}, []netip.AddrPort{addrOf(5)}}}})
	d.pass(time.Second)
	if orders := d.orders(); len(orders) > 0 {
		t.Errorf("dialled are %+v", orders)
	}
	d.handleAddress(d.now, []netip.AddrPort{addrOf(51)}) // ours, but we did not know
	if _, ok := d.dialled(d.order(), 5); ok {
		t.Error("we ask ourselves")
	}
	if d.pass(time.Minute); len(d.orders()) > 0 {
		t.Error("we dial ourselves again")
	}
}

// Whoever introduced two to each other may go at once.
func TestAnIntroductionOutlivesItsAuthor(t *testing.T) {
	d := newRoomDesk(t)
	key := d.linked(1, 1)
	d.handleView(d.now, key, view{list: []memberInfo{introduction(9, 9)}})
	d.handleEnded(d.now, key, true)
	d.pass(time.Second)
	d.handleDialFailed(d.now, d.order().key)
	if d.pass(introductionGrace); len(d.orders()) > 0 || len(d.targets) > 0 {
		t.Error("it is dialled for ever")
	}
}

func TestChangesAreCollected(t *testing.T) {
	d := newRoomDesk(t)
	key := d.linked(1, 1)
	if v, ok := d.views()[key]; !ok || len(v.list) != 0 {
		t.Errorf("a fresh link is told %+v", v)
	}
	d.pass(tellInterval / 2)
	d.linked(2, 2)
	d.linked(3, 3)
	if views := d.views(); len(views) != 2 {
		t.Errorf("%d views at once", len(views))
	}
	d.pass(d.membership.next().Sub(d.now))
	if v := d.views()[key]; len(v.list) != 2 {
		t.Errorf("after a while it is told %+v", v)
	}
}

func TestAtAnAddressThereMayBeSomebodyElseNow(t *testing.T) {
	d := newRoomDesk(t)
	key := d.calling(1)
	d.opened(key, 1, 1)
	d.handleEnded(d.now, key, true)
	d.pass(time.Minute)
	o := d.order()
	if !o.peer.IsZero() {
		t.Errorf("only %v is expected there", o.peer.Short())
	}
	if _, ok := d.dialled(o, 2); !ok {
		t.Error("somebody else is not asked")
	}
}

func TestACrowdDoesNotKeepMembersOutOfARoom(t *testing.T) {
	d := newRoomDesk(t)
	d.admit(certs.PeerID{1})
	for i := range byte(maxJoining) {
		d.join(100+i, 1)
	}
	if _, verdict := d.join(200, 1); verdict != joinFull {
		t.Errorf("one more stranger is answered with %d", verdict)
	}
	if _, verdict := d.join(1, 1); verdict != joinProceed {
		t.Errorf("a member is answered with %d", verdict)
	}
}

func TestARoomIsFull(t *testing.T) {
	d := newRoomDesk(t)
	for i := range byte(maxMembers - 1) {
		d.linked(100+i, 1)
	}
	if _, verdict := d.join(1, 1); verdict != joinFull {
		t.Errorf("one more is answered with %d", verdict)
	}
	if _, verdict := d.join(100, 2); verdict != joinProceed {
		t.Errorf("a member that was restarted is answered with %d", verdict)
	}
	d.handleAddress(d.now, []netip.AddrPort{addrOf(1)})
	if len(d.orders()) > 0 {
		t.Error("one more is dialled")
	}
}

func TestADialUnderWayIsNotForgotten(t *testing.T) {
	d := newRoomDesk(t)
	d.handleSighting(d.now, instance{1}, []netip.AddrPort{addrOf(1)})
	d.pass(time.Second)
	o := d.order()
	d.pass(sightingLifetime)
	if _, ok := d.dialled(o, 1); !ok {
		t.Error("whom it led to is not asked")
	}
}
