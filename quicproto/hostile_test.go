package quicproto

import (
	"testing"
	"time"

	"github.com/pion/rtcp"
)

// A peer may ask for packets again as often and for as many as it likes: what
// waits because of that is bounded, and so is what leaves.
func TestAFloodOfNacksIsBounded(t *testing.T) {
	s := NewSession(SessionConfig{})
	now := time.Unix(1, 0)
	var sent int
	send := func(d time.Duration) {
		for end := now.Add(d); now.Before(end); now = now.Add(time.Millisecond) {
			s.Advance(now)
			for b := s.Pop(now); b != nil; b = s.Pop(now) {
				sent += len(b)
			}
		}
	}
	for i := range 20 {
		frame := frameOf(uint16(i), 3000)
		if err := s.SendVideo(now, &frame); err != nil {
			t.Fatal(err)
		}
		send(20 * time.Millisecond)
	}
	var pairs []rtcp.NackPair
	for seq := uint16(0); len(pairs) < 250; seq += 17 {
		pairs = append(pairs, rtcp.NackPair{PacketID: seq, LostPackets: 0xffff})
	}
	b, err := rtcp.Marshal([]rtcp.Packet{&rtcp.TransportLayerNack{MediaSSRC: ssrcVideo, Nacks: pairs}})
	if err != nil {
		t.Fatal(err)
	}
	before := sent
	for range 300 {
		s.HandleDatagram(now, append([]byte{byte(FlowFeedback)}, b...))
		if n := s.sender.queue.flows[FlowRepair].len(); n > repairRing {
			t.Fatalf("%d packets wait to be sent again", n)
		}
		send(time.Millisecond)
	}
	most := int(s.sender.rate.pacing()) / 8
	if got := sent - before; got > most {
		t.Errorf("in 0.3 s %d bytes left, at most %d should in 1 s", got, most)
	}
}
