package peer_test

import (
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/peer"
	"github.com/skulltech/prattle/quicproto/quictest"
)

// shareLine gives one of several people a line of its own, the same each way. It is
// called before that one sends anything.
func shareLine(n *quictest.Network, one *attendee, others []*attendee, link quictest.Link) {
	var far, near []net.PacketConn
	for _, g := range others {
		far, near = append(far, g.socket), append(near, one.socket)
	}
	n.Share(far, near)
	n.Share(near, far)
	n.Set(far[0], one.socket, link)
	n.Set(one.socket, far[0], link)
}

// TestAThinLineIsSharedByThree who send pictures and sound to one with 300 kbit/s and
// 5 % loss, and get the same from there. QUIC's acknowledgements and our feedback take
// a sixth of it.
func TestAThinLineIsSharedByThree(t *testing.T) {
	const seed, seconds = 1, 20
	line := quictest.Link{Delay: 500 * time.Microsecond, Rate: 300 * media.Kbps, Queue: 200 * time.Millisecond, Loss: 0.05}
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(seed, lan)
		var all []*attendee
		for i := range 4 {
			all = append(all, enter(t, n, 1+i, peer.JoinOptions{Admit: everybody}, all...))
		}
		weak, others := all[3], all[:3]
		shareLine(n, weak, others, line)
		wantRoom(t, 5*time.Second, all...)
		time.Sleep(8 * time.Second)
		var sent, fps [3]float64
		up := 0.0
		for range seconds {
			time.Sleep(time.Second)
			for i, g := range others {
				seen := weak.link(t, g).Stats()
				sent[i] += g.link(t, weak).Stats().SendKbps / seconds
				fps[i] += seen.FPS / seconds
				up += seen.SendKbps / seconds
			}
		}
		t.Logf("seed %d: it is sent %.0f kbit/s, sees %.1f pictures a second, sends %.0f kbit/s", seed, sent, fps, up)
		if sum := sent[0] + sent[1] + sent[2]; sum < 210 || up < 190 {
			t.Errorf("seed %d: %.0f kbit/s go there, %.0f come", seed, sum, up)
		}
		for i := range sent {
			if sent[i] < 40 || fps[i] < 5 {
				t.Errorf("seed %d: from %d it has %.0f kbit/s, %.1f pictures a second", seed, i, sent[i], fps[i])
			}
		}
		leaveAll(all...)
	})
}

// TestARoomGetsOverACrowdedStart in which nearly nothing passes for two seconds, with
// and without pictures.
func TestARoomGetsOverACrowdedStart(t *testing.T) {
	const seed, crowded = 2, 2 * time.Second
	for _, pictures := range []bool{false, true} {
		calm := 5 * time.Second
		if pictures { // which go by way of a tier of their own first
			calm = 12 * time.Second
		}
		synctest.Test(t, func(t *testing.T) {
			n := quictest.NewNetwork(seed, lan)
			var all []*attendee
			for i := range 3 {
				all = append(all, enter(t, n, 1+i, peer.JoinOptions{Admit: everybody}, all...))
				all[i].SetCameraOff(!pictures)
			}
			wantRoom(t, 5*time.Second, all...)
			time.Sleep(time.Second)
			n.SetAll(quictest.Link{Rate: 30 * media.Kbps, Queue: 300 * time.Millisecond, Jitter: 50 * time.Millisecond})
			time.Sleep(crowded)
			before := all[0].link(t, all[1]).Stats().TargetKbps
			n.SetAll(lan)
			time.Sleep(calm)
			for _, g := range all {
				for _, other := range all {
					if g == other {
						continue
					}
					st := g.link(t, other).Stats()
					t.Logf("seed %d: target %.0f kbit/s before, %.0f after %v, %.0f sent, %.1f pictures a second", seed, before, st.TargetKbps, calm, st.SendKbps, st.FPS)
					if !pictures && (before > 300 || st.TargetKbps < 800) {
						t.Errorf("seed %d: %.0f kbit/s in the crowd, %.0f when it is over", seed, before, st.TargetKbps)
					}
					if pictures && st.FPS < 5 {
						t.Errorf("seed %d: %.1f pictures a second", seed, st.FPS)
					}
				}
			}
			leaveAll(all...)
		})
	}
}
