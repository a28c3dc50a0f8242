package peer

import (
	"slices"
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/quicproto"
)

func TestRecoveryUsesWhatTheReceiverHas(t *testing.T) {
	var lt longTerm
	l := new(Link)
	stream := new(videoTier)
	viewers := []*viewer{{link: l, stream: stream}}
	now := time.Unix(1, 0)
	send := func(id uint16) media.EncodeOrder {
		o := lt.order(now, stream, viewers)
		lt.sent(now, media.EncodedFrame{ID: id, Keyframe: o.Keyframe}, o)
		now = now.Add(100 * time.Millisecond)
		return o
	}
	l.demand.restart()
	if o := send(0); !o.Keyframe || !o.MarkLongTerm {
		t.Fatalf("the first picture: %+v", o)
	}
	var marked []uint16
	for id := uint16(1); id < 20; id++ {
		if send(id).MarkLongTerm {
			marked = append(marked, id)
		}
	}
	if !slices.Equal(marked, []uint16{5, 10, 15}) {
		t.Fatalf("marked %v", marked)
	}
	l.demand.recover(now, quicproto.LossNotice{HasDecoded: true, LastDecoded: 12}, 40*time.Millisecond)
	if o := send(20); !o.Recover || o.Keyframe || !slices.Equal(o.Confirmed, []uint16{0, 5, 10}) {
		t.Errorf("after a loss at 13: %+v", o)
	}
	l.demand.recover(now, quicproto.LossNotice{}, 40*time.Millisecond)
	if o := send(21); !o.Keyframe {
		t.Errorf("for somebody who has nothing: %+v", o)
	}
}

func TestARecoveryUnderWayIsNotRepeated(t *testing.T) {
	var d demand
	now := time.Unix(1, 0)
	const rtt = 100 * time.Millisecond
	notice := quicproto.LossNotice{HasDecoded: true, LastDecoded: 3}
	d.recover(now, notice, rtt)
	if start, last := d.take(now); start != startRecover || last != 3 {
		t.Fatalf("take gave %v, %d", start, last)
	}
	d.recover(now.Add(rtt/2), notice, rtt)
	if start, _ := d.take(now.Add(rtt / 2)); start != startNone {
		t.Errorf("half a round trip later: %v", start)
	}
	abandoned := quicproto.LossNotice{HasDecoded: true, LastDecoded: 4, Abandoned: true}
	d.recover(now.Add(rtt/2), abandoned, rtt)
	if start, last := d.take(now); start != startRecover || last != 4 {
		t.Errorf("when it was dropped on the way out: %v, %d", start, last)
	}
	d.recover(now.Add(2*rtt), notice, rtt)
	if start, _ := d.take(now.Add(2 * rtt)); start != startRecover {
		t.Errorf("two round trips later: %v", start)
	}
}

func TestFrameIDsGoOnWithANewEncoder(t *testing.T) {
	var ids frameIDs
	ids.begin()
	for want := range uint16(3) {
		if got := ids.continued(want + 7); got != want+1 {
			t.Fatalf("got %d, want %d", got, want+1)
		}
	}
	ids.begin()
	if got := ids.continued(0); got != 4 {
		t.Errorf("after a new encoder: %d, want 4", got)
	}
	if back := ids.restored(4); back != 0 {
		t.Errorf("restored %d, want 0", back)
	}
}
