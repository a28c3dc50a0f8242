package natlab

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/skulltech/prattle/quicproto/quictest"
)

func TestRoutersMapAndFilterAsTheirKind(t *testing.T) {
	for _, c := range []struct {
		kind                       Kind
		samePort                   bool // for all destinations
		samePlace, place, stranger bool // who may answer: another port of whom was sent to, an address that was, anybody
	}{
		{kind: NoNAT, samePort: true, samePlace: true, stranger: true},
		{kind: FullCone, samePort: true, samePlace: true, stranger: true},
		{kind: AddressRestricted, samePort: true, samePlace: true},
		{kind: PortRestricted, samePort: true},
		{kind: Symmetric},
	} {
		t.Run(c.kind.String(), func(t *testing.T) {
			l := openLab(t, site(Router{Kind: c.kind}))
			client := listen(t, l, "client", 0)
			server, sameHost, other := listen(t, l, "server", 0), listen(t, l, "server", 0), listen(t, l, "other", 0)
			at := client.outside(server)
			if translated := at != client.addr(); translated != (c.kind != NoNAT) {
				t.Errorf("the server sees %v at %v", client.addr(), at)
			}
			if got := client.hears(at, sameHost, server); got != c.samePlace {
				t.Errorf("another port of the server is heard: %v", got)
			}
			if got := client.hears(at, other, server); got != c.stranger {
				t.Errorf("a stranger is heard: %v", got)
			}
			for _, s := range []socket{sameHost, other} {
				if got := client.outside(s); (got == at) != c.samePort {
					t.Errorf("seen at %v by %v and at %v by %v", at, server.addr(), got, s.addr())
				}
			}
			if got := client.outside(server); got != at {
				t.Errorf("the server saw %v and now %v", at, got)
			}
		})
	}
}

func TestPacketsThatWereKeptOutLeaveNoTrace(t *testing.T) {
	// Each side's first packet meets a closed door. A router that remembered it
	// would give the way back another port (and did, before Linux 3).
	l := openLab(t, Topology{
		Routers: []Router{{Name: "centre"}, {Name: "a", Kind: PortRestricted}, {Name: "b", Kind: PortRestricted}},
		Hosts:   []Host{{"server", []string{"centre"}}, {"ann", []string{"a"}}, {"bob", []string{"b"}}},
	})
	server, ann, bob := listen(t, l, "server", 0), listen(t, l, "ann", 0), listen(t, l, "bob", 0)
	annAt, bobAt := ann.outside(server), bob.outside(server)
	ann.send(bobAt, "lost")
	ann.outside(server) // by now that has left ann's line
	if bob.receiveAfter(server, bobAt) != "friend" {
		t.Error("a stranger is heard")
	}
	bob.send(annAt, "through the hole")
	if from, message := ann.receive(); from != bobAt || message != "through the hole" {
		t.Errorf("%q from %v, want it from %v", message, from, bobAt)
	}
	ann.send(bobAt, "and back")
	if from, message := bob.receive(); from != annAt || message != "and back" {
		t.Errorf("%q from %v, want it from %v", message, from, annAt)
	}
}

func TestBlockedRoutersPassOnlyTCPToPort443(t *testing.T) {
	l := openLab(t, site(Router{Kind: Blocked}))
	client, server := listen(t, l, "client", 0), listen(t, l, "server", 0)
	client.send(server.addr(), "lost")
	if err := dial(t, l, "443", patience); err != nil {
		t.Errorf("TCP to port 443 does not get through: %v", err)
	}
	if err := dial(t, l, "80", time.Second); err == nil {
		t.Error("TCP to port 80 gets through")
	}
	server.SetReadDeadline(time.Now())
	if _, _, err := server.ReadFromUDPAddrPort(make([]byte, 1)); err == nil {
		t.Error("UDP gets through")
	}
}

// dial tells whether the client reaches a TCP port of the server within a time. A
// machine that is busy elsewhere may need more than one SYN, a second apart.
func dial(t *testing.T, l *Lab, port string, within time.Duration) error {
	t.Helper()
	var listener net.Listener
	err := l.Host("server").Do(func() (err error) {
		listener, err = net.Listen("tcp", ":"+port)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	addr := net.JoinHostPort(l.Host("server").Addrs("centre")[0].String(), port)
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	return l.Host("client").Do(func() error {
		c, err := new(net.Dialer).DialContext(ctx, "tcp4", addr)
		if err == nil {
			c.Close()
		}
		return err
	})
}

func TestHairpin(t *testing.T) {
	for _, kind := range []Kind{FullCone, AddressRestricted, PortRestricted} {
		for _, hairpin := range []bool{true, false} {
			topology := site(Router{Kind: kind, Hairpin: hairpin, Isolated: true})
			topology.Hosts = append(topology.Hosts, Host{"neighbour", []string{"home"}})
			l := openLab(t, topology)
			server, client, neighbour := listen(t, l, "server", 0), listen(t, l, "client", 0), listen(t, l, "neighbour", 0)
			clientAt, neighbourAt := client.outside(server), neighbour.outside(server)
			client.send(neighbour.addr(), "across the subnet")
			client.send(neighbourAt, "hairpin")
			server.send(neighbourAt, "from the server")
			from, message := neighbour.receive()
			switch {
			case hairpin && (message != "hairpin" || from != clientAt):
				t.Errorf("%v: %q from %v, want the hairpin from %v", kind, message, from, clientAt)
			case !hairpin && message != "from the server":
				t.Errorf("%v: %q from %v", kind, message, from)
			}
		}
	}
}

func TestTheSubnetIsNoConcernOfTheRouter(t *testing.T) {
	topology := site(Router{Kind: Blocked})
	topology.Hosts = append(topology.Hosts, Host{"neighbour", []string{"home"}})
	l := openLab(t, topology)
	for family := range 2 {
		client, neighbour := listen(t, l, "client", family), listen(t, l, "neighbour", family)
		client.send(neighbour.addr(), "across the subnet")
		if from, _ := neighbour.receive(); from != client.addr() {
			t.Errorf("from %v, want %v", from, client.addr())
		}
	}
}

func TestRebinding(t *testing.T) {
	for _, kind := range []Kind{FullCone, AddressRestricted, PortRestricted, Symmetric} {
		l := openLab(t, site(Router{Kind: kind}))
		client, server := listen(t, l, "client", 0), listen(t, l, "server", 0)
		seen := map[netip.AddrPort]bool{client.outside(server): true}
		for range 3 {
			before := client.outside(server)
			if err := l.Router("home").Rebind(); err != nil {
				t.Fatal(err)
			}
			server.send(before, "to the old port")
			after := client.outside(server)
			server.send(after, "to the new port")
			if _, message := client.receive(); message != "to the new port" || seen[after] {
				t.Errorf("%v: %q; seen at %v, then at %v", kind, message, before, after)
			}
			seen[after] = true
		}
	}
}

func TestDoubleNAT(t *testing.T) {
	l := openLab(t, Topology{
		Routers: []Router{
			{Name: "centre"},
			{Name: "provider", Kind: PortRestricted, Hairpin: true},
			{Name: "home", Kind: PortRestricted, Via: "provider", Family: IPv4},
			{Name: "next door", Kind: FullCone, Via: "provider", Family: IPv4},
		},
		Hosts: []Host{{"server", []string{"centre"}}, {"client", []string{"home"}}, {"neighbour", []string{"next door"}}},
	})
	server, client, neighbour := listen(t, l, "server", 0), listen(t, l, "client", 0), listen(t, l, "neighbour", 0)
	at, neighbourAt := client.outside(server), neighbour.outside(server)
	if at.Addr() != l.Router("provider").Outside() {
		t.Errorf("seen at %v, want the provider's %v", at, l.Router("provider").Outside())
	}
	server.send(at, "back")
	client.receive()
	client.send(neighbourAt, "hairpin at the provider")
	if from, _ := neighbour.receive(); from != at {
		t.Errorf("from %v, want %v", from, at)
	}
}

func TestIPv6IsFilteredAndNotTranslated(t *testing.T) {
	for kind, strangers := range map[Kind]bool{NoNAT: true, FullCone: false, Symmetric: false} {
		l := openLab(t, site(Router{Kind: kind, Family: IPv6}))
		client := listenAt(t, l.Host("client"), l.Host("client").Addrs("home")[0])
		server, other := listen(t, l, "server", 1), listen(t, l, "other", 1)
		if at := client.outside(server); at != client.addr() {
			t.Errorf("%v: the server sees %v at %v", kind, client.addr(), at)
		}
		if got := client.hears(client.addr(), other, server); got != strangers {
			t.Errorf("%v: a stranger is heard: %v", kind, got)
		}
	}
}

func TestPrivateAddressesLeadNowhereOutside(t *testing.T) {
	l := openLab(t, Topology{
		Routers: []Router{{Name: "a"}, {Name: "b", Kind: FullCone}},
		Hosts:   []Host{{"ann", []string{"a"}}, {"bob", []string{"b"}}},
	})
	ann, bob := listen(t, l, "ann", 0), listen(t, l, "bob", 0)
	at := bob.outside(ann)
	ann.send(bob.addr(), "to a private address")
	ann.send(at, "to a public one")
	if _, message := bob.receive(); message != "to a public one" {
		t.Errorf("%q arrived", message)
	}
}

func TestAHostRoams(t *testing.T) {
	l := openLab(t, Topology{
		Routers: []Router{{Name: "centre"}, {Name: "home", Kind: PortRestricted}, {Name: "phone", Kind: Symmetric}},
		Hosts:   []Host{{"server", []string{"centre"}}, {"laptop", []string{"home", "phone"}}},
	})
	laptop, server := l.Host("laptop"), listen(t, l, "server", 0)
	for _, step := range []struct {
		what func(string) error
		on   string
		want string // whose address the server sees
	}{
		{laptop.Leave, "phone", "home"},
		{laptop.Join, "phone", "home"},
		{laptop.Leave, "home", "phone"},
		{laptop.Join, "home", "home"},
	} {
		if err := step.what(step.on); err != nil {
			t.Fatal(err)
		}
		at := listenAt(t, laptop, netip.IPv4Unspecified()).outside(server)
		if want := l.Router(step.want).Outside(); at.Addr() != want {
			t.Errorf("seen at %v, want %v", at, want)
		}
	}
	// A socket of the address that is not preferred goes by its own way only if it
	// says so, which is what real machines do as well.
	if got := listenAt(t, laptop, laptop.Addrs("phone")[0]).addr(); got.Addr() != laptop.Addrs("phone")[0] {
		t.Errorf("bound to %v", got)
	}
}

func TestALinkDelaysAndLoses(t *testing.T) {
	const delay = 20 * time.Millisecond
	l := openLab(t, site(Router{Kind: FullCone, Link: quictest.Link{Delay: delay}}))
	client, server := listen(t, l, "client", 1), listen(t, l, "server", 1)
	began := time.Now()
	server.send(client.outside(server), "back")
	client.receive()
	if rtt := time.Since(began); rtt < 2*delay {
		t.Errorf("there and back in %v over a link of %v", rtt, delay)
	}
	home := l.Router("home")
	home.SetLink(quictest.Link{Loss: 1})
	client.send(server.addr(), "lost")
	for out, _ := home.Traffic(); out.Lost == 0; out, _ = home.Traffic() {
		time.Sleep(time.Millisecond)
	}
	home.SetLink(quictest.Link{})
	client.send(server.addr(), "arrives")
	if _, message := server.receive(); message != "arrives" {
		t.Errorf("%q came through a line that was cut", message)
	}
}

func TestPublicHostsHaveNames(t *testing.T) {
	l := openLab(t, site(Router{Kind: PortRestricted}))
	out, err := l.Host("client").Run("", "getent", "ahosts", "server.example")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range l.Host("server").Addrs("centre") {
		if !strings.Contains(out, a.String()) {
			t.Errorf("server.example has not %v:\n%s", a, out)
		}
	}
}
