package peer

import (
	"testing"
	"time"

	"github.com/skulltech/prattle/certs"
)

func TestStrangersDoNotPushMissedCallsOut(t *testing.T) {
	var c missedCalls
	now := time.Unix(1, 0)
	c.add(Missed{Peer: certs.Peer{ID: certs.PeerID{1}}, Name: "a friend", Why: MissedGivenUp, At: now}, false)
	told := 0
	for i := range 1000 {
		now = now.Add(10 * time.Millisecond)
		_, tell := c.add(Missed{Peer: certs.Peer{ID: certs.PeerID{2, byte(i), byte(i >> 8)}}, Why: MissedKnock, At: now}, true)
		if tell {
			told++
		}
	}
	if len(c.list) != 1+maxMissedStranger || c.list[0].Name != "a friend" {
		t.Errorf("%d are kept, the first of %q", len(c.list), c.list[0].Name)
	}
	if told != 2 { // at once, and after 5 of the 10 s
		t.Errorf("the person was told %d times", told)
	}
}

func TestMissedCallsAreSummedUp(t *testing.T) {
	var c missedCalls
	now := time.Unix(1, 0)
	for i := range maxMissed + 5 {
		c.add(Missed{Peer: certs.Peer{ID: certs.PeerID{byte(i)}}, Why: MissedBusy, At: now}, false)
	}
	if len(c.list) != maxMissed {
		t.Errorf("%d are kept", len(c.list))
	}
	for want := 2; want < 5; want++ {
		now = now.Add(time.Second)
		m, tell := c.add(Missed{Peer: certs.Peer{ID: certs.PeerID{9}}, Why: MissedBusy, At: now}, false)
		if m.Count != want || !tell || c.list[len(c.list)-1].Missed != m || len(c.list) != maxMissed {
			t.Errorf("%+v, told %v, of %d", m, tell, len(c.list))
		}
	}
	if m, _ := c.add(Missed{Peer: certs.Peer{ID: certs.PeerID{9}}, Why: MissedGivenUp, At: now}, false); m.Count != 1 {
		t.Errorf("for another reason: %+v", m)
	}
}
