package peer

import (
	"testing"

	"github.com/skulltech/prattle/certs"
)

// switchboard is a line whose parties' orders the test reads.
type switchboard struct{ line }

func newSwitchboard() *switchboard { return &switchboard{line{own: certs.PeerID{5}}} }

// comes has a peer ring, and returns it as the line sees it.
func (s *switchboard) comes(peer byte, a Admission) *party {
	p := &party{peer: certs.PeerID{peer}, admission: a}
	s.greet(p)
	s.ring(p)
	return p
}

// calls has the person call a peer.
func (s *switchboard) calls(peer byte) *party {
	p := &party{peer: certs.PeerID{peer}}
	s.dial(p)
	return p
}

func (p *party) is(o order, s step) bool { return p.order == o && p.step == s }

func TestOneRingsAtATime(t *testing.T) {
	s := newSwitchboard()
	first, second := s.comes(1, AdmitRing), s.comes(2, AdmitRing)
	if !first.is(orderRing, stepRinging) || !second.is(orderBusy, stepOver) {
		t.Errorf("the first is %+v, the second %+v", first, second)
	}
	s.connect(first)
	if third := s.comes(3, AdmitRing); !third.is(orderBusy, stepOver) {
		t.Errorf("during a call: %+v", third)
	}
	s.end(first)
	if fourth := s.comes(4, AdmitRing); !fourth.is(orderRing, stepRinging) {
		t.Errorf("after it: %+v", fourth)
	}
}

func TestWhoCallsIsBusy(t *testing.T) {
	s := newSwitchboard()
	out := s.calls(1)
	if p := s.comes(2, AdmitRing); !p.is(orderBusy, stepOver) {
		t.Errorf("while we dial: %+v", p)
	}
	s.dialled(out, certs.PeerID{1})
	if p := s.comes(2, AdmitRing); !p.is(orderBusy, stepOver) {
		t.Errorf("while it rings there: %+v", p)
	}
}

func TestStrangersWaitForTheirTurn(t *testing.T) {
	s := newSwitchboard()
	var strangers []*party
	for i := range byte(maxQueue + 2) {
		strangers = append(strangers, s.comes(10+i, AdmitStranger))
	}
	if !strangers[0].is(orderRing, stepRinging) || !strangers[maxQueue].is(orderQueue, stepWaiting) || !strangers[maxQueue+1].is(orderBusy, stepOver) {
		t.Fatalf("%+v, %+v, %+v", strangers[0], strangers[maxQueue], strangers[maxQueue+1])
	}
	s.end(strangers[0])
	if !strangers[1].is(orderRing, stepRinging) || !strangers[2].is(orderQueue, stepWaiting) {
		t.Fatalf("when the first has gone: %+v, %+v", strangers[1], strangers[2])
	}
	s.connect(strangers[1])
	for _, p := range strangers[2 : maxQueue+1] {
		if !p.is(orderBusy, stepOver) {
			t.Errorf("when the second was answered: %+v", p)
		}
	}
}

func TestAFriendGoesBeforeAStranger(t *testing.T) {
	for name, ticket := range map[string]bool{"contact": false, "bearer of a ticket": true} {
		s := newSwitchboard()
		stranger := s.comes(10, AdmitStranger)
		friend := &party{peer: certs.PeerID{1}, admission: AdmitRing, ticket: ticket}
		if ticket {
			friend.admission = AdmitKnock
		}
		s.greet(friend)
		s.ring(friend)
		if !stranger.is(orderBusy, stepOver) || !friend.is(orderRing, stepRinging) {
			t.Errorf("%s: %+v and %+v", name, stranger, friend)
		}
		if again := s.comes(11, AdmitStranger); !again.is(orderQueue, stepWaiting) {
			t.Errorf("%s: then a stranger is %+v", name, again)
		}
	}
}

func TestANewCallOfTheSamePeerReplacesTheOld(t *testing.T) {
	s := newSwitchboard()
	old := s.comes(1, AdmitRing)
	again := s.comes(1, AdmitRing)
	if !old.is(orderQuiet, stepOver) || !again.is(orderRing, stepRinging) {
		t.Errorf("%+v and %+v", old, again)
	}
}

func TestWhoeverWeCallIsAnswered(t *testing.T) {
	const lower, higher = 1, 9 // we are 5
	for name, tc := range map[string]struct {
		run  func(s *switchboard) (in, out *party)
		wins bool // the incoming one
	}{
		"it rings, then we call": {func(s *switchboard) (in, out *party) {
			in = s.comes(higher, AdmitRing)
			return in, s.calls(higher)
		}, true},
		"we look for it": {func(s *switchboard) (in, out *party) {
			out = s.calls(higher)
			return s.comes(higher, AdmitKnock), out
		}, true},
		"both rang, it is lower": {func(s *switchboard) (in, out *party) {
			out = s.calls(lower)
			s.dialled(out, out.peer)
			return s.comes(lower, AdmitKnock), out
		}, true},
		"both rang, it is higher": {func(s *switchboard) (in, out *party) {
			out = s.calls(higher)
			s.dialled(out, out.peer)
			in = s.comes(higher, AdmitKnock)
			s.connect(out)
			return in, out
		}, false},
		"by its address alone": {func(s *switchboard) (in, out *party) {
			out = s.calls(0)
			in = s.comes(higher, AdmitKnock)
			s.dialled(out, certs.PeerID{higher})
			return in, out
		}, true},
		"we talk already": {func(s *switchboard) (in, out *party) {
			in = s.comes(higher, AdmitRing)
			s.connect(in)
			in.order = orderAnswer // of the person
			return in, s.calls(higher)
		}, true},
	} {
		in, out := tc.run(newSwitchboard())
		switch {
		case tc.wins && !(in.is(orderAnswer, stepTalking) && out.is(orderQuiet, stepOver) && out.with == in):
			t.Errorf("%s: theirs is %+v, ours %+v", name, in, out)
		case !tc.wins && !(in.is(orderQuiet, stepOver) && out.step == stepTalking):
			t.Errorf("%s: theirs is %+v, ours %+v", name, in, out)
		}
	}
}

func TestADialToSomebodyElseEndsInBusyForWhoWaits(t *testing.T) {
	s := newSwitchboard()
	out := s.calls(0)
	in := s.comes(1, AdmitRing)
	if in.step != stepWaiting || in.order != orderNone {
		t.Fatalf("while we do not know whom we reach: %+v", in)
	}
	s.dialled(out, certs.PeerID{2})
	if !in.is(orderBusy, stepOver) {
		t.Errorf("when it was somebody else: %+v", in)
	}
}

func TestOwnCallFailsAndTheOtherRings(t *testing.T) {
	s := newSwitchboard()
	out := s.calls(9)
	s.dialled(out, out.peer)
	in := s.comes(9, AdmitRing)
	if in.step != stepWaiting {
		t.Fatalf("ours goes first: %+v", in)
	}
	s.end(out)
	if !in.is(orderRing, stepRinging) {
		t.Errorf("when ours has failed: %+v", in)
	}
}

// rings has the person call one more device of a peer.
func (s *switchboard) rings(peer byte) *party {
	p := s.calls(peer)
	s.dialled(p, certs.PeerID{peer})
	return p
}

func TestTheFirstDeviceToAcceptHasTheCall(t *testing.T) {
	s := newSwitchboard()
	phone, laptop, tablet := s.rings(1), s.rings(1), s.rings(1)
	s.connect(laptop)
	for name, p := range map[string]*party{"phone": phone, "tablet": tablet} {
		if !p.is(orderQuiet, stepOver) || p.with != laptop {
			t.Errorf("the %s is %+v", name, p)
		}
	}
	if s.connect(phone); laptop.step != stepTalking || phone.step != stepOver {
		t.Errorf("a second accept counts: %+v, %+v", laptop, phone)
	}
}

func TestADeviceThatDeclinesDeclinesForAll(t *testing.T) {
	s := newSwitchboard()
	phone, laptop := s.rings(1), s.rings(1)
	s.leave(phone, ErrDeclined)
	if !laptop.is(orderQuiet, stepOver) || phone.with != nil {
		t.Errorf("the laptop is %+v, the phone goes on with %+v", laptop, phone.with)
	}
}

func TestABusyDeviceLeavesTheCallToTheOther(t *testing.T) {
	s := newSwitchboard()
	phone, laptop := s.rings(1), s.rings(1)
	s.leave(phone, ErrBusy)
	if laptop.step != stepCalling || phone.with != laptop {
		t.Errorf("the laptop is %+v, the phone goes on with %+v", laptop, phone.with)
	}
}

func TestALostCallIsResumedThoughTheLineIsBusy(t *testing.T) {
	s := newSwitchboard()
	lost := s.comes(1, AdmitRing)
	s.connect(lost)
	fresh := &party{peer: certs.PeerID{1}, admission: AdmitKnock, resumes: lost}
	s.greet(fresh)
	s.ring(fresh)
	if !fresh.is(orderAnswer, stepTalking) || !lost.is(orderQuiet, stepOver) || lost.with != fresh {
		t.Errorf("the fresh call is %+v, the lost one %+v", fresh, lost)
	}
	if other := s.comes(2, AdmitRing); !other.is(orderBusy, stepOver) {
		t.Errorf("somebody else: %+v", other)
	}
}

// Who was killed, or whose goodbye was lost, can call again.
func TestWhoFellSilentMayRingAnew(t *testing.T) {
	s := newSwitchboard()
	old := s.comes(1, AdmitRing)
	s.connect(old)
	if p := s.comes(1, AdmitRing); !p.is(orderBusy, stepOver) {
		t.Errorf("while it is heard: %+v", p)
	}
	old.silent = true
	if p := s.comes(1, AdmitRing); !p.is(orderRing, stepRinging) || !old.is(orderQuiet, stepOver) {
		t.Errorf("once it is silent: %+v, and the old call %+v", p, old)
	}
}
