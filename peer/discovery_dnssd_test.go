package peer

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/skulltech/prattle/quicproto"
)

func TestWhoIsKnownNeedNotAnswer(t *testing.T) {
	m, now := listening(t)
	for _, x := range []struct {
		q    inquiry
		want bool
	}{
		{inquiry{}, true},
		{inquiry{known: []knownMember{{m.own, announcementTTL / 2}}}, false},
		{inquiry{known: []knownMember{{m.own, announcementTTL/2 - time.Second}}}, true},
		{inquiry{known: []knownMember{{instance{77}, announcementTTL}}}, true},
	} {
		b, err := x.q.message()
		if err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Second)
		m.handleMessage(now, lanLink, b)
		m.advance(now.Add(minAnswerDelay - 1))
		early := drain(m.dnssd)
		m.advance(now.Add(maxAnswerDelay))
		if n := drain(m.dnssd); early > 0 || (n == 1) != x.want {
			t.Errorf("%+v: %d answers at once, %d later", x.q, early, n)
		}
	}
}

// listening is a member that has announced itself and will not ask for a while.
func listening(t *testing.T) (*lanMember, time.Time) {
	t.Helper()
	w := newLANWorld(4)
	m := w.join("kitchen", 0)
	w.run(45 * time.Second)
	if m.dnssd.next().Sub(w.now) < 10*time.Second {
		t.Fatalf("it is busy in %v", m.dnssd.next().Sub(w.now))
	}
	return m, w.now
}

func drain(d *dnssd) (n int) {
	for _, ok := d.popMessage(); ok; _, ok = d.popMessage() {
		n++
	}
	return n
}

// TestAFloodIsBounded hears as much as somebody may send who knows the room.
func TestAFloodIsBounded(t *testing.T) {
	m, now := listening(t)
	const seconds, rate = 10, 2000
	question, err := new(inquiry).message()
	if err != nil {
		t.Fatal(err)
	}
	answers, told := 0, 0
	for i := range seconds * rate {
		now = now.Add(time.Second / rate)
		flood := &announcement{instance: instance{byte(i), byte(i >> 8), 1}, ttl: 1 << 30 * time.Second}
		flood.tag = tagOf(flood.instance, "kitchen")
		for j := range 30 {
			flood.addrs = append(flood.addrs, netip.MustParseAddrPort(fmt.Sprintf("192.168.1.%d:9", j+1)))
		}
		b, err := flood.message()
		if err != nil {
			t.Fatal(err)
		}
		if m.rnd.IntN(2) == 0 {
			b = question
		}
		m.handleMessage(now, lanLink, b)
		m.advance(now)
		answers += drain(m.dnssd)
		for _, ok := m.popSighting(); ok; _, ok = m.popSighting() {
			told++
		}
	}
	t.Logf("%d answers, %d sightings, %d members in mind", answers, told, len(m.dnssd.seen.list))
	if most := seconds * int(time.Second/minAnswerInterval); answers > most+1 {
		t.Errorf("%d answers to a flood of questions, want at most %d", answers, most)
	}
	if len(m.dnssd.seen.list) != maxSightings {
		t.Errorf("%d members in mind, want %d", len(m.dnssd.seen.list), maxSightings)
	}
	if most := maxSightings * (seconds/int(sightingInterval/time.Second) + 1); told < maxSightings || told > most {
		t.Errorf("%d sightings, want %d to %d", told, maxSightings, most)
	}
	m.advance(now.Add(announcementTTL))
	if len(m.dnssd.seen.list) != 0 {
		t.Errorf("%d members live longer than they may", len(m.dnssd.seen.list))
	}
}

func TestLinksComeAndGo(t *testing.T) {
	m, now := listening(t)
	first := m.links[0].LocalLink
	second := quicproto.LocalLink{
		Interface: net.Interface{Index: 9, Name: "usb0"},
		Prefixes:  []netip.Prefix{netip.MustParsePrefix("10.0.0.5/8")},
	}
	spoken := func(links ...quicproto.LocalLink) (said []int) {
		m.handleLinks(now, links)
		m.advance(now)
		for out, ok := m.popMessage(); ok; out, ok = m.popMessage() {
			said = append(said, out.link)
		}
		return said
	}
	if said := spoken(first, second); !slices.Equal(said, []int{9, 9}) {
		t.Errorf("with a second link spoke on %v", said)
	}
	if said := spoken(first, second); said != nil {
		t.Errorf("without a change spoke on %v", said)
	}
	first.Prefixes = first.Prefixes[:1]
	if said := spoken(first, second); !slices.Equal(said, []int{lanLink, lanLink}) {
		t.Errorf("with another address spoke on %v", said)
	}
	if said := spoken(second); said != nil {
		t.Errorf("with a link less spoke on %v", said)
	}
	question, err := new(inquiry).message()
	if err != nil {
		t.Fatal(err)
	}
	m.handleMessage(now, lanLink, question)
	if m.advance(now.Add(maxAnswerDelay)); drain(m.dnssd) > 1 { // one is the question on the new link
		t.Error("answered on a link that is gone")
	}
}

func TestListenAddress(t *testing.T) {
	l := quicproto.LocalLink{Prefixes: []netip.Prefix{
		netip.MustParsePrefix("fe80::5/64"), netip.MustParsePrefix("192.168.1.5/24"), netip.MustParsePrefix("2001:db8::5/64"),
	}}
	for listen, want := range map[string][]string{
		"[::]:7":                  {"192.168.1.5:7", "[2001:db8::5]:7", "[fe80::5]:7"},
		"0.0.0.0:7":               {"192.168.1.5:7"},
		"192.168.1.5:7":           {"192.168.1.5:7"},
		"[::ffff:192.168.1.5]:7":  {"192.168.1.5:7"},
		"[fe80::5%eth0]:7":        {"[fe80::5]:7"},
		"127.0.0.1:7":             nil,
		"[::ffff:192.168.1.66]:7": nil,
	} {
		d := newDNSSD(instance{}, &announced{listen: netip.MustParseAddrPort(listen)}, nil, nil)
		var got []string
		for _, a := range d.announcedAddrs(l) {
			got = append(got, a.String())
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: announces %v, want %v", listen, got, want)
		}
	}
}
