package quicproto

import (
	"time"

	"github.com/skulltech/prattle/quicproto/quictest"
)

// simTCP is a download by TCP as cross traffic.
type simTCP struct {
	*simNet
	*quictest.Cubic
	flow    int
	out, in *simLink
	over    bool
}

func newSimTCP(n *simNet, flow int, out, in *simLink) *simTCP {
	return &simTCP{simNet: n, Cubic: quictest.NewCubic(), flow: flow, out: out, in: in}
}

func (t *simTCP) start(at, end time.Duration) {
	t.at(at, t.pump)
	t.at(end, func() { t.over = true })
	t.every(at, 50*time.Millisecond, func() {
		t.Advance(t.clock())
		t.pump()
	})
}

// pump sends what the window allows, and hears of it.
func (t *simTCP) pump() {
	for !t.over {
		segment, ok := t.Send(t.clock())
		if !ok {
			return
		}
		t.out.send(simPacket{flow: t.flow, size: quictest.CubicSegment, deliver: func(bool) {
			t.in.send(simPacket{flow: -1, size: 60, deliver: func(bool) {
				t.Acknowledged(t.clock(), segment)
				t.pump()
			}})
		}})
	}
}
