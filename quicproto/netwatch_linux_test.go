package quicproto

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"
)

func TestChangesOfNetworkAreSeen(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	withoutIPv6(t)
	addLink(t, "wlan0")
	changed := make(chan struct{}, 100)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- watchKernel(ctx, func() { changed <- struct{}{} }) }()
	time.Sleep(10 * settleTime) // until it watches
	for _, args := range [][]string{
		{"addr", "add", "192.0.2.5/24", "dev", "wlan0"},
		{"route", "add", "default", "via", "192.0.2.1"},
		{"addr", "del", "192.0.2.5/24", "dev", "wlan0"},
		{"link", "set", "wlan0", "down"},
	} {
		begin := time.Now()
		ip(t, args...)
		select {
		case <-changed:
			t.Logf("ip %v: told %v after it began", args, time.Since(begin))
		case <-time.After(patience):
			t.Fatalf("ip %v was not seen", args)
		}
		for quiet := false; !quiet; { // a change is told of in several messages
			select {
			case <-changed:
			case <-time.After(10 * settleTime):
				quiet = true
			}
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestAddressesThatCannotBeUsedAreLeftOut(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	addLink(t, "wlan0")
	ip(t, "addr", "add", "2001:db8::1/64", "dev", "wlan0", "nodad")
	ip(t, "addr", "add", "2001:db8::2/64", "dev", "wlan0", "nodad", "preferred_lft", "0")
	ip(t, "addr", "add", "192.0.2.5", "peer", "192.0.2.6/32", "dev", "wlan0")
	all, err := hosts()
	if err != nil {
		t.Fatal(err)
	}
	link, err := net.InterfaceByName("wlan0")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, h := range all {
		if got = append(got, h.ip.String()); h.iface != link.Index || h.name != "wlan0" || h.virtual {
			t.Errorf("host %+v", h)
		}
	}
	if slices.Sort(got); !slices.Equal(got, []string{"192.0.2.5", "2001:db8::1"}) {
		t.Errorf("hosts %v", got)
	}
}

// TestGatherFollowsTheNetwork gathers on an endpoint while networks come and go.
func TestGatherFollowsTheNetwork(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	withoutIPv6(t)
	socket, err := net.ListenUDP("udp", nil)
	if err != nil {
		t.Fatal(err)
	}
	e := Open(socket)
	defer e.Close()
	ctx, cancel := context.WithCancel(t.Context())
	g := e.Gather(ctx, GatherConfig{NoPortMapping: true, Log: testLogger(t)})
	defer g.Wait()
	defer cancel()
	g.await(t, "problem", hasProblem(ErrNoNetwork))
	addLink(t, "wlan0")
	addLink(t, "usb0")
	port := socket.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	host := func(ip string) Candidate {
		return Candidate{CandidateHost, netip.AddrPortFrom(netip.MustParseAddr(ip), port)}
	}
	for _, step := range []struct {
		args []string
		want []Candidate
	}{
		{[]string{"addr", "add", "10.0.5.5/24", "dev", "wlan0"}, []Candidate{host("10.0.5.5")}},
		{[]string{"addr", "add", "10.0.6.5/24", "dev", "usb0"}, []Candidate{host("10.0.5.5"), host("10.0.6.5")}},
		{[]string{"route", "add", "default", "via", "10.0.6.1"}, []Candidate{host("10.0.6.5"), host("10.0.5.5")}},
		{[]string{"addr", "del", "10.0.5.5/24", "dev", "wlan0"}, []Candidate{host("10.0.6.5")}},
		{[]string{"link", "set", "usb0", "down"}, nil},
	} {
		begin := time.Now()
		ip(t, step.args...)
		g.await(t, "change", func(list []Candidate, _ []error) bool { return slices.Equal(list, step.want) })
		t.Logf("ip %v: candidates changed %v after it began", step.args, time.Since(begin))
	}
}
