package quicproto

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	natpmp "github.com/jackpal/go-nat-pmp"
)

// natPMP asks a router by NAT-PMP (RFC 6886).
type natPMP struct {
	gateway netip.Addr
	from    host
	port    uint16
}

func (*natPMP) String() string { return "NAT-PMP" }

func (n *natPMP) client(timeout time.Duration) *natpmp.Client {
	return natpmp.NewClientWithLocalAndTimeout(net.IP(n.gateway.AsSlice()), net.IP(n.from.ip.AsSlice()), timeout)
}

// natPMPTimeout is the patience for a router that may not know the protocol: three
// transmissions (RFC 6886, section 3.1).
const natPMPTimeout = 1750 * time.Millisecond

func (n *natPMP) add(context.Context) (mapping, error) {
	c := n.client(natPMPTimeout)
	outside, err := c.GetExternalAddress()
	if err != nil {
		return mapping{}, fmt.Errorf("NAT-PMP: %w", err)
	}
	got, err := c.AddPortMapping("udp", int(n.port), int(n.port), int(mappingLifetime/time.Second))
	if err != nil {
		return mapping{}, fmt.Errorf("NAT-PMP: %w", err)
	}
	return mapping{
		external: netip.AddrPortFrom(netip.AddrFrom4(outside.ExternalIPAddress), got.MappedExternalPort),
		lifetime: time.Duration(max(got.PortMappingLifetimeInSeconds, 1)) * time.Second,
	}, nil
}

func (n *natPMP) remove(context.Context) {
	// If it is lost, the mapping ends by itself.
	_, _ = n.client(releaseTimeout).AddPortMapping("udp", int(n.port), 0, 0)
}
