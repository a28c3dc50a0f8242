package rendezvous

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

const (
	// maxNames bounds the servers that one can list.
	maxNames = 8
	// maxAddresses bounds the addresses that are tried.
	maxAddresses = 16
	// resolveTimeout is the patience for the names of all servers.
	resolveTimeout = 5 * time.Second
)

var errNoServer = errors.New("no rendezvous server is named")

// serverName is HOST:PORT, taken apart.
type serverName struct {
	host string
	port uint16
}

// parseServers reads HOST[:PORT][,HOST[:PORT]]...
func parseServers(list string) (names []serverName, err error) {
	for item := range strings.SplitSeq(list, ",") {
		if item = strings.TrimSpace(item); item == "" {
			continue
		}
		name, err := parseServer(item)
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	switch {
	case len(names) == 0:
		return nil, errNoServer
	case len(names) > maxNames:
		return nil, fmt.Errorf("%d rendezvous servers are named, at most %d can be", len(names), maxNames)
	}
	return names, nil
}

func parseServer(item string) (serverName, error) {
	if ip, err := netip.ParseAddr(strings.Trim(item, "[]")); err == nil {
		return serverName{ip.String(), DefaultPort}, nil
	}
	if !strings.Contains(item, ":") {
		return serverName{item, DefaultPort}, nil
	}
	host, text, err := net.SplitHostPort(item)
	if err != nil || host == "" {
		return serverName{}, fmt.Errorf("rendezvous server %q is not HOST:PORT", item)
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 {
		return serverName{}, fmt.Errorf("rendezvous server %q: %q is no port", item, text)
	}
	return serverName{host, uint16(port)}, nil
}

// place is where a server is.
type place struct {
	netip.AddrPort        // over UDP; with TLS it is at TLSPort of the same address
	name           string // by which it was found, or a number
}

// resolve finds the places of servers, in the order of the names. Those of one
// name come in any order, so that its clients spread over its servers. If some
// names have none, the others do.
func resolve(ctx context.Context, names []serverName) (places []place, err error) {
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	for _, name := range names {
		ips, failed := lookupHost(ctx, name.host)
		if failed != nil && err == nil {
			err = fmt.Errorf("%w: %w", ErrUnreachable, failed)
		}
		rand.Shuffle(len(ips), func(i, j int) { ips[i], ips[j] = ips[j], ips[i] })
		for _, ip := range ips {
			places = append(places, place{netip.AddrPortFrom(ip.Unmap(), name.port), name.host})
		}
	}
	if len(places) == 0 {
		return nil, err
	}
	return places[:min(len(places), maxAddresses)], nil
}

// lookupHost asks the resolver for names alone: numbers need none.
func lookupHost(ctx context.Context, host string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip}, nil
	}
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}
