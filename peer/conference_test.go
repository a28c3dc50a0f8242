package peer_test

import (
	"errors"
	"net"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/peer"
	"github.com/skulltech/prattle/peer/peertest"
	"github.com/skulltech/prattle/peer/traced"
	"github.com/skulltech/prattle/quicproto/quictest"
)

// attendee is a person in a room.
type attendee struct {
	*person
	*peer.Conference
	socket net.PacketConn
}

// small is what a machine with several people to see sends.
var small = media.PictureConfig{Width: 320, Height: 180, FPS: 15}

func smallPictures(cfg *peer.Config) {
	cfg.FPS = small.FPS
	cfg.Devices.Camera = func() (media.Camera, error) { return peertest.NewCamera(small), nil }
}

// enter has a new person join a room, by way of those who are in it.
func enter(t *testing.T, n *quictest.Network, host int, opts peer.JoinOptions, by ...*attendee) *attendee {
	t.Helper()
	g := &attendee{socket: n.Socket(host)}
	g.person = newPerson(t, g.socket, smallPictures)
	if opts.Name == "" {
		opts.Name = "standup"
	}
	for _, other := range by {
		opts.Peers = append(opts.Peers, other.socket.LocalAddr())
	}
	var err error
	if g.Conference, err = g.Join(opts); err != nil {
		t.Fatal(err)
	}
	return g
}

func everybody(certs.Peer) bool { return true }

// sees says whether g has a link to exactly these others.
func (g *attendee) sees(others ...*attendee) bool {
	links := g.Members()
	for _, other := range others {
		if other != g && !slices.ContainsFunc(links, func(l *peer.Link) bool { return l.Peer() == other.id }) {
			return false
		}
	}
	want := len(others)
	if slices.Contains(others, g) {
		want--
	}
	return len(links) == want
}

// wantRoom waits until all see all, or fails.
func wantRoom(t *testing.T, patience time.Duration, people ...*attendee) time.Duration {
	t.Helper()
	began := time.Now()
	for ; ; time.Sleep(10 * time.Millisecond) {
		if !slices.ContainsFunc(people, func(g *attendee) bool { return !g.sees(people...) }) {
			return time.Since(began)
		}
		if time.Since(began) > patience {
			for i, g := range people {
				t.Logf("%d sees %d others", i, len(g.Members()))
			}
			t.Fatalf("no room of %d after %v", len(people), patience)
		}
	}
}

func leaveAll(people ...*attendee) {
	for _, g := range people {
		g.leave()
	}
}

// link is g's to another.
func (g *attendee) link(t *testing.T, other *attendee) *peer.Link {
	t.Helper()
	for _, l := range g.Members() {
		if l.Peer() == other.id {
			return l
		}
	}
	t.Fatal("no link")
	return nil
}

func (g *attendee) count(kind peer.EventKind) (n int) {
	for _, e := range g.events {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

var lan = quictest.Link{Delay: 500 * time.Microsecond}

func TestFourMeetAndSeeEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(1, lan)
		open := peer.JoinOptions{Admit: everybody}
		a := enter(t, n, 1, open)
		b, c, d := enter(t, n, 2, open, a), enter(t, n, 3, open, a), enter(t, n, 4, open, a)
		t.Logf("a room of four after %v", wantRoom(t, 3*time.Second, a, b, c, d))
		time.Sleep(5 * time.Second)
		for _, g := range []*attendee{a, b, c, d} {
			for _, l := range g.Members() {
				if st := l.Stats(); st.FPS < 14 || st.Freezes > 0 {
					t.Errorf("in the room: %+v", st)
				}
				if l.Name() != "person" {
					t.Errorf("a member is called %q", l.Name())
				}
			}
		}
		d.Leave()
		wantRoom(t, time.Second, a, b, c)
		leaveAll(a, b, c, d)
		if got := a.count(peer.EventJoined); got != 3 {
			t.Errorf("%d people came", got)
		}
		if got := a.count(peer.EventLeft); got < 1 {
			t.Errorf("nobody left")
		}
		if got := len(d.Summaries()); got != 3 {
			t.Errorf("%d summaries, want 3", got)
		}
	})
}

func TestACrashedMemberIsGoneInTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(2, lan)
		open := peer.JoinOptions{Admit: everybody}
		a := enter(t, n, 1, open)
		b, c := enter(t, n, 2, open, a), enter(t, n, 3, open, a)
		wantRoom(t, 3*time.Second, a, b, c)
		dead := quictest.Link{Delay: time.Millisecond, Loss: 1}
		for _, g := range []*attendee{a, b} {
			n.Set(c.socket, g.socket, dead)
			n.Set(g.socket, c.socket, dead)
		}
		time.Sleep(3 * time.Second)
		if got := a.link(t, c).State(); got != peer.StateReconnecting {
			t.Errorf("after 3 s the dead member is %v", got)
		}
		wantRoom(t, 7*time.Second, a, b)
		if got := a.link(t, b).Stats(); got.Freezes > 0 || got.FPS < 12 { // of 15
			t.Errorf("the others are disturbed: %+v", got)
		}
		for _, g := range []*attendee{a, b} {
			n.Set(c.socket, g.socket, lan)
			n.Set(g.socket, c.socket, lan)
		}
		t.Logf("back after %v", wantRoom(t, 5*time.Second, a, b, c))
		leaveAll(a, b, c)
	})
}

// A link that came back late is replaced by another. The trace, which tells of peers,
// ends with what is true of the peer.
func TestATraceTellsOfPeersAndNotOfLinks(t *testing.T) {
	ended := 0
	for outage := 2 * time.Second; outage < 14*time.Second; outage += 1700 * time.Millisecond {
		name := filepath.Join(t.TempDir(), "trace.jsonl")
		synctest.Test(t, func(t *testing.T) {
			trace, err := peer.OpenTrace(name)
			if err != nil {
				t.Fatal(err)
			}
			n := quictest.NewNetwork(4, lan)
			a := attend(t, n, 1, []func(*peer.Config){smallPictures, func(cfg *peer.Config) { cfg.Trace = trace }})
			b := attend(t, n, 2, []func(*peer.Config){smallPictures}, a)
			wantRoom(t, 3*time.Second, a, b)
			n.SetAll(quictest.Link{Delay: time.Millisecond, Loss: 1})
			time.Sleep(outage)
			n.SetAll(lan)
			wantRoom(t, 5*time.Second, a, b)
			time.Sleep(3 * time.Second)
			wantRoom(t, 0, a, b)
			told, err := traced.Read(name)
			if err != nil {
				t.Fatal(err)
			}
			of := told.Of(b.id.String())
			if state, _ := of.Now(); state != peer.StateConnected {
				t.Errorf("after %v without a network: %v", outage, of.States())
			}
			ended += of.Count(traced.Reached(peer.StateEnded))
			leaveAll(a, b)
			trace.Close()
		})
	}
	if ended == 0 {
		t.Error("no outage was long enough to end a link")
	}
}

func TestAPartitionHeals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(3, lan)
		open := peer.JoinOptions{Admit: everybody}
		people := []*attendee{enter(t, n, 1, open)}
		for i := 2; i <= 6; i++ {
			people = append(people, enter(t, n, i, open, people[0]))
		}
		wantRoom(t, 3*time.Second, people...)
		part := func(link quictest.Link) {
			for _, x := range people[:3] {
				for _, y := range people[3:] {
					n.Set(x.socket, y.socket, link)
					n.Set(y.socket, x.socket, link)
				}
			}
		}
		part(quictest.Link{Delay: time.Millisecond, Loss: 1})
		time.Sleep(20 * time.Second)
		wantRoom(t, 0, people[:3]...)
		wantRoom(t, 0, people[3:]...)
		part(lan)
		t.Logf("one room again after %v", wantRoom(t, 5*time.Second, people...))
		leaveAll(people...)
	})
}

func passphrase(t *testing.T, text string) *certs.RoomPassphrase {
	t.Helper()
	p, err := certs.NewRoomPassphrase([]byte(text), "standup")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestThePassphraseLetsIn(t *testing.T) {
	right, wrong := passphrase(t, "correct horse"), passphrase(t, "battery staple")
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(4, lan)
		a := enter(t, n, 1, peer.JoinOptions{Passphrase: right})
		b := enter(t, n, 2, peer.JoinOptions{Passphrase: right}, a)
		eve := enter(t, n, 3, peer.JoinOptions{Passphrase: wrong, Admit: everybody}, a)
		mallory := enter(t, n, 4, peer.JoinOptions{Name: "other", Passphrase: right, Admit: everybody}, a)
		wantRoom(t, 3*time.Second, a, b)
		time.Sleep(5 * time.Second)
		for _, outsider := range []*attendee{eve, mallory} {
			if len(outsider.Members()) > 0 || outsider.opened > 0 || len(outsider.view.Shown()) > 0 {
				t.Error("an outsider got in")
			}
		}
		if !a.sees(b) {
			t.Error("an outsider got in")
		}
		leaveAll(a, b, eve, mallory)
		for _, e := range append(eve.events, mallory.events...) {
			if e.Link != nil && e.Link.Name() == "person" {
				t.Error("an outsider learned a name")
			}
		}
	})
}

func TestAKnockIsAdmittedByAnyMember(t *testing.T) {
	right := passphrase(t, "correct horse")
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(5, lan)
		inside := peer.JoinOptions{Passphrase: right}
		a := enter(t, n, 1, inside)
		b := enter(t, n, 2, inside, a)
		wantRoom(t, 3*time.Second, a, b)
		c := enter(t, n, 3, peer.JoinOptions{Admit: everybody}, a)
		time.Sleep(2 * time.Second)
		knocking := a.Knocking()
		if len(knocking) != 1 || knocking[0].Peer() != c.id || c.opened > 0 || knocking[0].Name() == "person" {
			t.Fatalf("%d knock", len(knocking))
		}
		a.Admit(c.id)
		wantRoom(t, 2*time.Second, a, b, c)
		leaveAll(a, b, c)
	})
}

func TestAKnockIsHeardWhoeverDialled(t *testing.T) {
	right := passphrase(t, "correct horse")
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(10, lan)
		outside := enter(t, n, 1, peer.JoinOptions{Admit: everybody})
		a := enter(t, n, 2, peer.JoinOptions{Passphrase: right}, outside)
		time.Sleep(2 * time.Second)
		if knocking := a.Knocking(); len(knocking) != 1 || knocking[0].Peer() != outside.id || a.opened+outside.opened > 0 {
			t.Fatalf("%d knock", len(knocking))
		}
		a.Admit(outside.id)
		wantRoom(t, 2*time.Second, a, outside)
		leaveAll(a, outside)
	})
}

func TestARemovedMemberGetsNothingMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(6, lan)
		open := peer.JoinOptions{Admit: everybody}
		a := enter(t, n, 1, open)
		b, c := enter(t, n, 2, open, a), enter(t, n, 3, open, a)
		wantRoom(t, 3*time.Second, a, b, c)
		time.Sleep(time.Second)
		a.Remove(c.id)
		time.Sleep(500 * time.Millisecond)
		if !a.sees(b) || !b.sees(a) {
			t.Error("still linked")
		}
		select {
		case <-c.Left():
		case <-time.After(2 * time.Second):
			t.Error("who was removed does not know")
		}
		again := enter(t, n, 4, open, a)
		wantRoom(t, 3*time.Second, a, b, again)
		leaveAll(a, b, c, again)
		if !slices.ContainsFunc(c.events, func(e peer.Event) bool { return e.Kind == peer.EventRoom && errors.Is(e.Err, peer.ErrRemoved) }) {
			t.Error("who was removed was not told")
		}
	})
}

func TestALockedRoomLetsNobodyIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(7, lan)
		open := peer.JoinOptions{Admit: everybody}
		a := enter(t, n, 1, open)
		b := enter(t, n, 2, open, a)
		wantRoom(t, 3*time.Second, a, b)
		b.SetLocked(true)
		time.Sleep(500 * time.Millisecond)
		if !a.Locked() {
			t.Error("the other member does not know that the room is locked")
		}
		c := enter(t, n, 3, open, a)
		time.Sleep(3 * time.Second)
		if !a.sees(b) || !b.sees(a) || len(c.Members()) > 0 {
			t.Error("somebody got into a locked room")
		}
		a.SetLocked(false)
		wantRoom(t, 6*time.Second, a, b, c)
		leaveAll(a, b, c)
	})
}

func TestWhoIsInARoomIsBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(8, lan)
		a := enter(t, n, 1, peer.JoinOptions{Admit: everybody})
		caller := newPerson(t, n.Socket(2))
		l := call(t, caller, []net.Addr{a.socket.LocalAddr()}, a.id)
		<-l.Done()
		if !errors.Is(l.Err(), peer.ErrBusy) {
			t.Errorf("a call to somebody in a room ended with %v", l.Err())
		}
		caller.leave()
		leaveAll(a)
	})
}

func TestNoRoomIsEnteredWhereThereIsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(9, lan)
		socket := n.Socket(2)
		b := newPerson(t, socket)
		if err := b.Listen(); err != nil {
			t.Fatal(err)
		}
		a := &attendee{socket: n.Socket(1)}
		a.person = newPerson(t, a.socket)
		var err error
		if a.Conference, err = a.Join(peer.JoinOptions{Name: "standup", Admit: everybody, Peers: []net.Addr{socket.LocalAddr()}}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Second)
		if len(a.Members()) > 0 || b.opened > 0 {
			t.Error("a listener became a member")
		}
		leaveAll(a)
		b.leave()
		if got := len(b.Missed()); got > 0 {
			t.Errorf("%d missed calls", got)
		}
	})
}
