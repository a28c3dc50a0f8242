package main

import (
	"cmp"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/quicproto"
)

// writeNetReport prints a report for people.
func writeNetReport(w io.Writer, r *quicproto.NetReport, points []meetingPoint) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(name, format string, args ...any) { fmt.Fprintf(t, "%s\t%s\n", name, fmt.Sprintf(format, args...)) }
	line("addresses", "%s", cmp.Or(joinAddrs(r.Addrs), "none: there is no network"))
	if len(r.Servers) > 0 {
		line("UDP", "%s", udpWords(r))
		line("IPv6", "%s", ipv6Words(r))
		line("NAT", "%s", natWords(r.NAT))
		line("", "%s", natMeaning(r.NAT))
		if len(r.NAT.SeenAs) > 0 {
			line("seen as", "%s", joinAddrs(r.NAT.SeenAs))
		}
		if mtu := r.MTU(); mtu > 0 {
			line("MTU", "packets of %d bytes come through", mtu)
		}
	} else if len(r.Problems) == 0 {
		line("servers", "none was named, so nothing is known of what lies beyond the router (--server, --stun, --turn)")
	}
	line("port mapping", "%s", mappingWords(r))
	for _, p := range points {
		line("rendezvous", "%s: %s", p.server.Addr, p.words())
	}
	for i := range r.Servers {
		s := &r.Servers[i]
		kind := "STUN"
		if s.Relay {
			kind = "relay"
		}
		line(kind, "%s over %s (%v): %s", s.Server, s.Transport, s.Addr.Addr(), serverWords(s))
	}
	for _, err := range r.Problems {
		line("problem", "%s", media.CleanText(err.Error(), 200))
	}
	return t.Flush()
}

func joinAddrs[T fmt.Stringer](list []T) string {
	var words []string
	for _, addr := range list {
		words = append(words, addr.String())
	}
	return strings.Join(words, ", ")
}

func udpWords(r *quicproto.NetReport) string {
	switch {
	case r.UDP:
		return "comes through"
	case r.IPv4 || r.IPv6:
		return "does not come through: calls take a relay over TCP or TLS, and pictures suffer"
	}
	return "does not come through"
}

func ipv6Words(r *quicproto.NetReport) string {
	switch {
	case r.IPv6:
		return "comes through"
	case hasIPv6(r.Addrs):
		return "this machine has an address, and no server was reached over it"
	}
	return "none here; calls go over IPv4"
}

func hasIPv6(list []netip.Addr) bool {
	for _, ip := range list {
		if ip.Is6() {
			return true
		}
	}
	return false
}

func natWords(n quicproto.NATReport) string {
	switch {
	case n.Mapping == quicproto.NATNone:
		return "none"
	case n.Filtering == quicproto.NATUnknown:
		return fmt.Sprintf("mapping %v", n.Mapping)
	}
	return fmt.Sprintf("mapping %v, filtering %v", n.Mapping, n.Filtering)
}

// natMeaning says what a NAT means for calls.
func natMeaning(n quicproto.NATReport) string {
	switch n.Mapping {
	case quicproto.NATNone:
		return "others reach this machine directly, as far as its firewall lets them"
	case quicproto.NATIndependent:
		if n.Filtering == quicproto.NATIndependent {
			return "direct calls work with everybody"
		}
		return "direct calls work, but for people whose NAT is endpoint-dependent: these need a relay"
	case quicproto.NATUnknown:
		return "of which kind is not known: it takes two STUN servers, or one that knows RFC 5780"
	}
	return "direct calls work with people who have no NAT or an open one; all others need a relay"
}

func mappingWords(r *quicproto.NetReport) string {
	if r.PortMapping == "" {
		return "the router forwards no ports (neither NAT-PMP nor UPnP)"
	}
	return fmt.Sprintf("the router forwards ports by %s, at %v", r.PortMapping, r.External.Addr())
}

func serverWords(s *quicproto.ServerReport) string {
	var words []string
	if s.RTT > 0 {
		words = append(words, fmt.Sprintf("%s round trip", inMilliseconds(s.RTT)))
	}
	if s.Received > 1 {
		words[0] += fmt.Sprintf(" (%s to %s)", inMilliseconds(s.MinRTT), inMilliseconds(s.MaxRTT))
	}
	if s.Received > 0 {
		words = append(words, fmt.Sprintf("%d of %d packets lost", s.Sent-s.Received, s.Sent))
	}
	if s.Ready > 0 {
		words = append(words, fmt.Sprintf("ready to relay after %s", inMilliseconds(s.Ready)))
	}
	if s.Err != nil {
		// A certificate may say anything.
		words = append(words, media.CleanText(s.Err.Error(), 200))
	}
	return strings.Join(words, ", ")
}

func inMilliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", d.Seconds()*1000)
}
