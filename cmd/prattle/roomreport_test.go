package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/skulltech/prattle/peer"
)

func TestSummariseRoom(t *testing.T) {
	link := func(who string, seconds, kbps, rtt, loss float64, freezes uint64) *peer.Summary {
		return &peer.Summary{Peer: who, Seconds: seconds,
			LinkStats: peer.LinkStats{SendKbps: kbps, RecvKbps: 2 * kbps, RTT: rtt, Loss: loss, Freezes: freezes, ConcealedMs: 10}}
	}
	s := summariseRoom("standup", 100, []*peer.Summary{link("a", 100, 800, 3, 0.01, 1), link("b", 50, 400, 9, 0, 2), link("b", 25, 400, 1, 0.2, 0)})
	if s.People != 2 || s.SendKbps != 800+200+100 || s.RecvKbps != 2*1100 || s.Freezes != 3 || s.ConcealedMs != 30 || s.RTTWorst != 9 || s.LossWorst != 0.2 {
		t.Errorf("%+v", s)
	}
	data, err := json.Marshal(summariseRoom("standup", 0, nil))
	if want := `{"room":"standup","seconds":0,"people":0,`; err != nil || !strings.HasPrefix(string(data), want) || !strings.HasSuffix(string(data), `"links":[]}`) {
		t.Errorf("alone: %s, %v", data, err)
	}
}
