package peer_test

import (
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/peer"
	"github.com/skulltech/prattle/quicproto/quictest"
)

// shareLine gives one of several people a line of its own, each way.
func shareLine(n *quictest.Network, one *attendee, others []*attendee, link quictest.Link) {
	var far, near []net.PacketConn
	for _, g := range others {
		far, near = append(far, g.socket), append(near, one.socket)
	}
	n.Share(far, near)
	n.Share(near, far)
	for _, g := range others {
		n.Set(g.socket, one.socket, link)
		n.Set(one.socket, g.socket, link)
	}
}

func TestXThin(t *testing.T) {
	for seed := range uint64(3) {
		synctest.Test(t, func(t *testing.T) {
			n := quictest.NewNetwork(seed, lan)
			open := peer.JoinOptions{Admit: everybody}
			var all []*attendee
			for i := range 4 {
				all = append(all, enter(t, n, 1+i, open, all...))
				if i == 3 {
					shareLine(n, all[3], all[:3], quictest.Link{Delay: 500 * time.Microsecond, Rate: 300 * media.Kbps, Queue: 200 * time.Millisecond, Loss: 0.05})
				}
			}
			wantRoom(t, 5*time.Second, all...)
			for s := range 25 {
				time.Sleep(time.Second)
				if s > 5 && s%3 != 0 { continue }
				for i := range 3 {
					st, seen := all[i].link(t, all[3]).Stats(), all[3].link(t, all[i]).Stats()
					t.Logf("%2d: to thin from %d: target %4.0f sent %4.0f queue %3.0f rtt %3.0f loss %.2f w %d | sees fps %4.1f video %4.0f freeze %5.0f conceal %5.0f recv %3.0f | up: target %4.0f sent %4.0f queue %3.0f seen %.1f conceal %5.0f", s, i, st.TargetKbps, st.SendKbps, st.QueueMs, st.RTT, st.Loss, st.SendWidth,
						seen.FPS, seen.VideoKbps, seen.FreezeMs, seen.ConcealedMs, seen.RecvKbps, seen.TargetKbps, seen.SendKbps, seen.QueueMs, st.FPS, st.ConcealedMs)
				}
			}
			leaveAll(all...)
		})
		if os.Getenv("ALL") == "" { break }
	}
}
