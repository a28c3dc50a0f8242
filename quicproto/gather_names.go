package quicproto

import (
	"maps"
	"net/netip"
	"slices"
	"time"
)

// Timing of names.
const (
	// nameRefresh is how often a name is resolved again: servers move.
	nameRefresh = 5 * time.Minute
	// nameTimeout bounds a lookup.
	nameTimeout = 5 * time.Second
	// nameRetry and nameMaxRetry bound the wait after a lookup that failed.
	nameRetry    = 500 * time.Millisecond
	nameMaxRetry = 1 * time.Minute
)

// maxServerAddrs bounds the addresses of each family that are made use of for a name.
const maxServerAddrs = 2

// serverNames knows the addresses of servers by their names.
type serverNames struct {
	entries map[string]*nameEntry
}

type nameEntry struct {
	addrs  []netip.Addr
	err    error // of the last lookup
	failed int   // lookups since the last that worked
	asking bool
	due    time.Time // of the next lookup
	fixed  bool      // an address, not a name
}

// set says which names are wanted.
func (n *serverNames) set(now time.Time, hosts []string) {
	old := n.entries
	n.entries = make(map[string]*nameEntry, len(hosts))
	for _, h := range hosts {
		switch e, known := old[h]; {
		case known:
			n.entries[h] = e
		default:
			n.entries[h] = newNameEntry(now, h)
		}
	}
}

func newNameEntry(now time.Time, host string) *nameEntry {
	if ip, err := netip.ParseAddr(host); err == nil {
		return &nameEntry{addrs: []netip.Addr{ip.Unmap()}, fixed: true}
	}
	return &nameEntry{due: now}
}

// kick has all names looked up again: another network may give other answers.
func (n *serverNames) kick(now time.Time) {
	for _, e := range n.entries {
		e.due = now
	}
}

// addrs lists the addresses of a name that an address of ours can speak to.
func (n *serverNames) addrs(host string, family netip.Addr) []netip.Addr {
	e := n.entries[host]
	if e == nil {
		return nil
	}
	var found []netip.Addr
	for _, ip := range e.addrs {
		if ip.Is4() == family.Is4() && len(found) < maxServerAddrs {
			found = append(found, ip)
		}
	}
	return found
}

// next is when pop has a name to look up, or zero.
func (n *serverNames) next() time.Time {
	var t time.Time
	for _, e := range n.entries {
		if !e.asking && !e.fixed && (t.IsZero() || e.due.Before(t)) {
			t = e.due
		}
	}
	return t
}

// pop returns a name that is to be looked up, or false. Each is answered by handle.
func (n *serverNames) pop(now time.Time) (string, bool) {
	for host, e := range n.entries {
		if !e.asking && !e.fixed && !now.Before(e.due) {
			e.asking = true
			return host, true
		}
	}
	return "", false
}

// handle takes the answer to a lookup. The addresses used so far stay if they are
// still among those of the name, and all of them if the lookup failed.
func (n *serverNames) handle(now time.Time, host string, addrs []netip.Addr, err error) {
	e := n.entries[host]
	if e == nil {
		return
	}
	e.asking, e.err = false, err
	if err != nil {
		e.due = now.Add(min(nameRetry<<min(e.failed, 16), nameMaxRetry))
		e.failed++
		return
	}
	e.failed, e.due = 0, now.Add(nameRefresh)
	known := func(ip netip.Addr) int {
		if slices.Contains(e.addrs, ip) {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(addrs, func(a, b netip.Addr) int { return known(a) - known(b) })
	e.addrs = firstOfFamilies(addrs)
}

// problems says which names could not be looked up, in the order of the names.
func (n *serverNames) problems() []error {
	var found []error
	for _, host := range slices.Sorted(maps.Keys(n.entries)) {
		if e := n.entries[host]; e.err != nil && e.addrs == nil {
			found = append(found, e.err)
		}
	}
	return found
}

// firstOfFamilies keeps the first maxServerAddrs of IPv4 and of IPv6.
func firstOfFamilies(addrs []netip.Addr) []netip.Addr {
	var four, six, kept []netip.Addr
	for _, ip := range addrs {
		family := &six
		if ip.Is4() {
			family = &four
		}
		if len(*family) < maxServerAddrs && !slices.Contains(*family, ip) {
			*family = append(*family, ip)
			kept = append(kept, ip)
		}
	}
	return kept
}
