package main

import (
	"context"
	"fmt"
	"net"
	"strings"

	"github.com/skulltech/prattle/certs"
)

// defaultPort is the UDP port on which Prattle listens ("PRAT" on a telephone).
const defaultPort = "7728"

// target is whom to call: an address, and a peer ID if only that peer will do.
type target struct {
	want certs.PeerID
	host string // host and port
}

// parseTarget reads [PEERID@]HOST[:PORT].
func parseTarget(s string) (target, error) {
	var t target
	id, host, ok := strings.Cut(s, "@")
	if !ok {
		host = s
	} else {
		var err error
		if t.want, err = certs.ParsePeerID(id); err != nil {
			return t, usage("a peer ID has 56 letters and digits; `prattle identity show` prints it on the other side", "%w", err)
		}
	}
	if host == "" {
		return t, usage("try `prattle call HOST` or `prattle call PEERID@HOST:PORT`", "%q names no host", s)
	}
	t.host = withPort(host)
	return t, nil
}

// withPort adds the default port to a host that has none.
func withPort(host string) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), defaultPort)
}

// resolve finds the addresses of the host.
func (t target) resolve(ctx context.Context) ([]net.Addr, error) {
	host, service, err := net.SplitHostPort(t.host)
	if err != nil {
		return nil, usage("", "%w", err)
	}
	port, err := net.DefaultResolver.LookupPort(ctx, "udp", service)
	if err != nil {
		return nil, usage("", "%w", err)
	}
	ips, err := net.DefaultResolver.LookupIPAddr(ctx, host)
	if err != nil {
		return nil, &hinted{fmt.Errorf("%w: %w", errNoHost, err), "check the spelling of the host's name"}
	}
	var addrs []net.Addr
	for _, ip := range ips {
		addrs = append(addrs, &net.UDPAddr{IP: ip.IP, Port: port, Zone: ip.Zone})
	}
	return addrs, nil
}
