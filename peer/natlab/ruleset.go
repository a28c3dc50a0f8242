package natlab

import (
	"fmt"
	"net/netip"
	"strings"
)

// A ruleset is what a router needs to know to become one of its kind.
type ruleset struct {
	kind    Kind
	hairpin bool
	outside netip.Addr   // that the internet sees
	inside  netip.Prefix // of its subnet
	ports   int          // the first of those that it maps to; another after each rebinding
}

// portRange is how many ports a router maps to at a time.
const portRange = 10000

// String is the ruleset for nft -f. It replaces all that was there before.
//
// The kernel gives a source the port that it has already (nf_nat_bysource) unless
// it is told to choose at random, so that snat alone is one port for all
// destinations. Who besides those that were sent to may answer is looked up in
// two tables that packets on their way out fill in, once it is known what they
// look like outside.
func (r ruleset) String() string {
	var b strings.Builder
	b.WriteString("flush ruleset\n")
	if r.kind == NoNAT {
		return b.String()
	}
	r.writeFilter(&b)
	r.writeNAT(&b)
	return b.String()
}

func (r ruleset) writeFilter(b *strings.Builder) {
	forward := `
		iifname "wan" ct status dnat accept
		iifname "wan" drop`
	if r.kind == Blocked {
		forward = `
		tcp dport != 443 drop
		meta l4proto != tcp drop
		iifname "wan" drop`
	}
	fmt.Fprintf(b, `table inet filter {
	chain input {
		type filter hook input priority filter
		ct state established,related accept
		meta l4proto icmpv6 accept
		iifname "wan" drop
	}
	chain forward {
		type filter hook forward priority filter
		ct state established,related accept%s
	}
}
`, forward)
}

func (r ruleset) writeNAT(b *strings.Builder) {
	snat := fmt.Sprintf("snat to %s:%d-%d", r.outside, r.ports, r.ports+portRange-1)
	if r.kind == Symmetric {
		snat += " fully-random"
	}
	answers, hairpinThere, hairpinBack := "", "", ""
	switch r.kind {
	case FullCone:
		answers = `iifname "wan" dnat to udp dport map @mapped`
	case AddressRestricted:
		answers = `iifname "wan" udp dport . ip saddr @contacted dnat to udp dport map @mapped`
	}
	if r.hairpin {
		hairpinThere = fmt.Sprintf(`iifname "lan" ip daddr %s dnat to udp dport map @mapped`, r.outside)
		hairpinBack = fmt.Sprintf(`oifname "lan" ip saddr %s ct status dnat meta l4proto udp %s`, r.inside, snat)
	}
	fmt.Fprintf(b, `table ip nat {
	map mapped {
		type inet_service : ipv4_addr . inet_service
		size 65535
		timeout 5m
	}
	set contacted {
		type inet_service . ipv4_addr
		size 65535
		flags dynamic,timeout
		timeout 5m
	}
	chain prerouting {
		type nat hook prerouting priority dstnat
		%s
		%s
	}
	chain postrouting {
		type nat hook postrouting priority srcnat
		%s
		oifname "wan" meta l4proto udp %s
		oifname "wan" masquerade
	}
	chain learn {
		type filter hook postrouting priority srcnat + 1
		meta l4proto != udp accept
		ct direction reply accept
		ct status & snat == 0 accept
		update @mapped { udp sport : ct original ip saddr . ct original proto-src }
		update @contacted { udp sport . ip daddr }
	}
}
`, answers, hairpinThere, hairpinBack, snat)
}
