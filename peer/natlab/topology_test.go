package natlab

import (
	"net/netip"
	"strings"
	"testing"
)

func TestTopologiesThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		topology Topology
		want     string
	}{
		{Topology{Routers: []Router{{Name: "a"}, {Name: "a"}}}, `two routers are called "a"`},
		{Topology{Routers: []Router{{Name: "a", Via: "b", Family: IPv4}, {Name: "b"}}}, "which must come before it"},
		{Topology{Routers: []Router{{Name: "a"}, {Name: "b", Via: "a"}}}, "must be for IPv4"},
		{Topology{Routers: []Router{{Name: "a", Kind: Symmetric, Hairpin: true}}}, "cannot be of those that hairpin"},
		{Topology{Hosts: []Host{{"h", []string{"a"}}}}, "is on a, which is no router"},
		{Topology{Routers: []Router{{Name: "a"}}, Hosts: []Host{{"h", []string{"a"}}}}, ""},
	} {
		switch err := c.topology.check(); {
		case c.want == "" && err != nil:
			t.Errorf("%+v: %v", c.topology, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%+v: %v, want %q", c.topology, err, c.want)
		}
	}
}

func TestAddressesAreApart(t *testing.T) {
	var topology Topology
	for i := range 16 {
		topology.Routers = append(topology.Routers, Router{Name: string(rune('a' + i)), Kind: Kind(i % 6)})
	}
	var seen []netip.Prefix
	for i := range topology.Routers {
		for _, p := range []netip.Prefix{topology.subnet4(i), subnet6(i), netip.PrefixFrom(outside4(i), 32)} {
			for _, other := range seen {
				if p.Overlaps(other) {
					t.Errorf("%v and %v overlap", p, other)
				}
			}
			if a := place(p, 0); p.Masked() != p || !p.Contains(a) {
				t.Errorf("%v begins with %v", p, a)
			}
			seen = append(seen, p)
		}
	}
}
