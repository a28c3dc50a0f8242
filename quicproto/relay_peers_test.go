package quicproto

import (
	"net/netip"
	"slices"
	"testing"
	"time"
)

var (
	peerA = netip.MustParseAddrPort("192.0.2.1:1000")
	peerB = netip.MustParseAddrPort("192.0.2.2:2000")
)

// answerAll answers what is asked for at now, and returns the requests.
func (p *relayPeers) answerAll(now time.Time, o relayOutcome) (asked []relayRequest, released []relayPacket) {
	for {
		r, ok := p.pop(now)
		if !ok {
			return asked, released
		}
		asked = append(asked, r)
		released = append(released, p.handle(now, r, o)...)
	}
}

func TestPacketsWaitForThePermission(t *testing.T) {
	var p relayPeers
	now := time.Unix(0, 0)
	for i := range maxRelayWaiting + 2 {
		if v, _ := p.send(now, peerA, []byte{byte(i)}); v != relayWait {
			t.Fatalf("packet %d: verdict %d", i, v)
		}
	}
	asked, released := p.answerAll(now, relayGranted)
	if want := []relayRequest{{permit: peerA.Addr()}}; !slices.Equal(asked, want) {
		t.Errorf("asked for %v", asked)
	}
	if len(released) != maxRelayWaiting || released[0].data[0] != 2 {
		t.Errorf("%d packets released, the first is %v", len(released), released[0])
	}
	if v, _ := p.send(now, peerA, nil); v != relayIndicate {
		t.Errorf("permitted: verdict %d", v)
	}
	asked, _ = p.answerAll(now, relayGranted)
	if want := []relayRequest{{channel: firstChannel, to: peerA}}; !slices.Equal(asked, want) {
		t.Errorf("asked for %v", asked)
	}
	if v, channel := p.send(now, peerA, nil); v != relayChannelled || channel != firstChannel {
		t.Errorf("with a channel: verdict %d, channel %#x", v, channel)
	}
	if from, ok := p.sender(firstChannel); !ok || from != peerA {
		t.Errorf("the channel is %v's", from)
	}
}

func TestPermissionsAndChannelsAreRenewed(t *testing.T) {
	var p relayPeers
	now := time.Unix(0, 0)
	p.send(now, peerA, nil)
	p.answerAll(now, relayGranted)
	p.send(now, peerA, nil)
	p.answerAll(now, relayGranted)
	var renewed []relayRequest
	for end := now.Add(10 * time.Minute); now.Before(end); now = p.next() {
		p.send(now, peerA, nil)
		asked, _ := p.answerAll(now, relayGranted)
		renewed = append(renewed, asked...)
	}
	permission, channel := relayRequest{permit: peerA.Addr()}, relayRequest{channel: firstChannel, to: peerA}
	if want := []relayRequest{permission, permission, channel}; !slices.Equal(renewed, want) &&
		!slices.Equal(renewed, []relayRequest{permission, channel, permission}) {
		t.Errorf("within 10 min renewed %v", renewed)
	}
}

func TestIdlePeersAreForgotten(t *testing.T) {
	var p relayPeers
	start := time.Unix(0, 0)
	p.permit(start, peerA.Addr())
	now := start
	for !p.next().IsZero() {
		now = p.next()
		p.answerAll(now, relayGranted)
	}
	if idle := now.Sub(start); idle < relayPeerIdle || idle > relayPeerIdle+permissionRefresh {
		t.Errorf("forgotten after %v", idle)
	}
}

func TestRefusalsAndLosses(t *testing.T) {
	var p relayPeers
	now := time.Unix(0, 0)
	p.send(now, peerA, nil)
	if _, released := p.answerAll(now, relayRefused); released != nil {
		t.Errorf("%d packets released", len(released))
	}
	if v, _ := p.send(now, peerA, nil); v != relayDrop {
		t.Errorf("refused: verdict %d", v)
	}
	p.send(now, peerB, nil)
	p.answerAll(now, relayLost)
	if v, _ := p.send(now, peerB, nil); v != relayWait {
		t.Errorf("unanswered: verdict %d", v)
	}
	if got := p.next(); got != now.Add(relayRetry) {
		t.Errorf("asked again after %v", got.Sub(now))
	}
	if _, released := p.answerAll(now.Add(relayRetry), relayGranted); len(released) != 2 {
		t.Errorf("%d packets released", len(released))
	}
}

func TestRelayPeersAreBounded(t *testing.T) {
	var p relayPeers
	now := time.Unix(0, 0)
	var b [4]byte
	for i := range 1000 {
		b[2], b[3] = byte(i>>8), byte(i)
		addr := netip.AddrPortFrom(netip.AddrFrom4(b), 1)
		p.send(now, addr, nil)
		p.answerAll(now, relayGranted)
		for port := range uint16(5) {
			p.send(now, netip.AddrPortFrom(addr.Addr(), port), nil)
		}
	}
	if len(p.peers) != maxRelayPeers || len(p.channels) != maxRelayChannels {
		t.Errorf("%d peers, %d channels", len(p.peers), len(p.channels))
	}
	if _, ok := p.sender(0); ok {
		t.Error("channel 0 has a sender")
	}
}
