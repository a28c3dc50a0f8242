package roomlab

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/skulltech/prattle/peer"
	"github.com/skulltech/prattle/peer/netns"
	"github.com/skulltech/prattle/peer/prattletest"
	"github.com/skulltech/prattle/peer/traced"
)

// talk is what sound alone needs at the least in a second, in bytes: far more than who
// waits before the door is sent.
const talk = 2000

// TestOutsiderKnocks has somebody without the passphrase wait before the door of a room
// of three who talk and see each other: nothing of that, and no name, comes out to them.
func TestOutsiderKnocks(t *testing.T) {
	r := openRoom(t, 4)
	members := r.meet(r.Hosts[:3], tiny...)
	outsider := r.newMember(r.Hosts[3])
	wire := r.capture(outsider.host)
	r.start(outsider, tiny...)
	if _, ok := outsider.WaitFor(patience, traced.Reached(peer.StateRinging)); !ok {
		t.Fatalf("it does not wait before the door\n%s\n%s", outsider.Notes(), r.plight(members))
	}
	s := r.even()
	memory, err := outsider.Memory()
	r.must(err)
	trace := outsider.Trace()
	outsider.Stop()
	received := datagrams(wire.Stop(), s)
	var names []prattletest.Secret
	for _, m := range members {
		names = append(names, prattletest.Secret{Name: m.name, Bytes: []byte(m.name)})
	}
	hits, found := prattletest.Hits(slices.Concat(memory, []byte(outsider.Notes()), outsider.Output()), names)
	open := trace.Count(func(e traced.Event) bool { return e.Ev == "stats" || e.Ev == "show" })
	perSecond := float64(bytesIn(received)) / s.seconds() / float64(len(members))
	prattletest.Tell("who knocks, without the passphrase, gets", fmt.Sprintf("%.0f bytes/s from each of %d, %d statistics and pictures, %d hits for names", perSecond, len(members), open, hits), "no media, no names")
	asked := 0
	for _, m := range members {
		if strings.Contains(m.Notes(), " knocks (") {
			asked++
		}
	}
	prattletest.Tell("… and how many inside are asked about it", fmt.Sprintf("%d of %d", asked, len(members)), "somebody")
	if asked == 0 {
		t.Errorf("nobody inside knows of it; outside they say:\n%s", outsider.Notes())
	}
	if hits > 0 || open > 0 || perSecond > talk {
		t.Errorf("too much: the names %q, %v", found, trace)
	}
	if n, _ := prattletest.Hits(memory, []prattletest.Secret{{Name: "its own", Bytes: []byte(outsider.name)}}); n == 0 {
		t.Error("not even its own name is in its memory: the search is worth nothing")
	}
}

// TestWrongPassphrase has somebody try another passphrase.
func TestWrongPassphrase(t *testing.T) {
	r := openRoom(t, 3)
	members := r.meet(r.Hosts[:2])
	stranger := r.newMember(r.Hosts[2])
	r.start(stranger, "--passphrase-file", r.newPassphrase("wrong", "incorrect horse battery staple"))
	code, took := r.exit(stranger)
	prattletest.Tell("who tries a wrong passphrase", fmt.Sprintf("exit code %d after %s", code, prattletest.Brief(took)), "4")
	if code != 4 {
		t.Errorf("exit code %d\n%s", code, stranger.Notes())
	}
	for _, m := range members {
		if strings.Contains(m.Notes(), "+ “"+stranger.name) {
			t.Errorf("it came in:\n%s", m.Notes())
		}
	}
}

// exit waits until a member's process has ended, and says with which code.
func (r *room) exit(m *member) (code int, took time.Duration) {
	r.t.Helper()
	select {
	case <-m.Exited():
	case <-time.After(patience):
		r.t.Fatalf("%s goes on\n%s", m.name, m.Notes())
	}
	return m.ExitCode(), time.Since(m.started)
}

// leaveTaking is for how long a link that has ended repeats that it has.
const leaveTaking = time.Second

// TestRemovedMember puts a member out whose program does not take part in that: it is
// stopped just before. Nobody sends it anything any more, or lets it in again.
func TestRemovedMember(t *testing.T) {
	r := openRoom(t, 4)
	members := r.meet(r.Hosts, tiny...)
	prattletest.After(t, settling)
	wire := r.capture(r.Hosts[3])
	victim := members[3]
	before := time.Now()
	prattletest.After(t, time.Second)
	r.must(victim.Signal(syscall.SIGSTOP))
	at := time.Now()
	members[0].types("/remove %s", victim.name)
	prattletest.After(t, 8*time.Second)
	end := time.Now()
	r.must(victim.Signal(syscall.SIGCONT))
	all := wire.Stop()
	sent := bytesIn(datagrams(all, span{before, at}))
	said, dials := apart(datagrams(all, span{at.Add(leaveTaking), end}))
	prattletest.Tell("a member is removed: what it is sent later than 1 s after that", fmt.Sprintf("%d bytes of the call (%d in the second before); %d packets of new connections", bytesIn(said), sent, len(dials)), "0; 0")
	if late, _ := apart(datagrams(all, span{at.Add(2 * time.Second), end})); len(late) > 0 || sent < 3*talk {
		t.Errorf("%d packets, %d bytes before\n%s", len(late), sent, r.plight(members[:3]))
	}
	code, _ := r.exit(victim)
	again := r.newMember(r.Hosts[3])
	again.Identity, again.ID = victim.Identity, victim.ID
	r.enter(again, tiny...)
	codeAgain, took := r.exit(again)
	prattletest.Tell("… exit codes: when put out; when it tries again", fmt.Sprintf("%d; %d after %s", code, codeAgain, prattletest.Brief(took)), "5; 5")
	if code != 5 || codeAgain != 5 {
		t.Errorf("%s\n%s", victim.Notes(), again.Notes())
	}
}

// capture begins to capture what goes in and out of a host.
func (r *room) capture(h *Host) *netns.Capture {
	r.t.Helper()
	c, err := h.Capture()
	r.must(err)
	r.t.Cleanup(func() { c.Stop() })
	return c
}

// datagrams are those of UDP that came to a host in a span, and to it alone.
func datagrams(packets []netns.Captured, s span) (in []netns.Captured) {
	for _, p := range packets {
		if !p.Out && isDatagram(p.Frame) && !p.At.Before(s.from) && p.At.Before(s.to) {
			in = append(in, p)
		}
	}
	return in
}

// isDatagram says whether an Ethernet frame for one receiver holds UDP, and enough of
// it for QUIC.
func isDatagram(frame []byte) bool {
	const header, groupBit = 14, 1
	if len(frame) < header+48 || frame[0]&groupBit != 0 {
		return false
	}
	switch binary.BigEndian.Uint16(frame[12:]) {
	case unix.ETH_P_IP:
		return frame[header+9] == unix.IPPROTO_UDP
	case unix.ETH_P_IPV6:
		return frame[header+6] == unix.IPPROTO_UDP
	}
	return false
}

// apart parts datagrams of QUIC connections that are established from those of such as
// begin, by their form (RFC 9000, section 17).
func apart(packets []netns.Captured) (short, long []netns.Captured) {
	const ethernet, udp, longForm = 14, 8, 0x80
	for _, p := range packets {
		ip := 20
		if binary.BigEndian.Uint16(p.Frame[12:]) == unix.ETH_P_IPV6 {
			ip = 40
		}
		if payload := p.Frame[ethernet+ip+udp:]; len(payload) > 0 && payload[0]&longForm != 0 {
			long = append(long, p)
		} else {
			short = append(short, p)
		}
	}
	return short, long
}

func bytesIn(packets []netns.Captured) (n int) {
	for _, p := range packets {
		n += len(p.Frame)
	}
	return n
}
