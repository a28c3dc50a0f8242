package roomlab

import (
	"fmt"
	"net/netip"

	"github.com/skulltech/prattle/peer/netns"
)

// LAN is hosts on one switch. They have an IPv4 address each, and of IPv6 only the
// one of their link; there is no router and no DNS.
type LAN struct {
	hub   *netns.Namespace
	Hosts []*Host
}

// A Host is a machine on a LAN.
type Host struct {
	*netns.Namespace
	Addr netip.Addr
	lan  *LAN
	port string // of the switch
}

// cable is the device of a host that leads to the switch.
const cable = "eth0"

// Open builds a LAN.
func Open(hosts int) (_ *LAN, err error) {
	l := new(LAN)
	defer func() {
		if err != nil {
			l.Close()
			err = fmt.Errorf("build a local network: %w", err)
		}
	}()
	if l.hub, err = netns.Open(); err != nil {
		return nil, err
	}
	if err := l.hub.MakeSwitch(); err != nil {
		return nil, err
	}
	for range hosts {
		if err := l.add(); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// add plugs in one more host.
func (l *LAN) add() (err error) {
	n := len(l.Hosts) + 1
	h := &Host{lan: l, Addr: netip.AddrFrom4([4]byte{10, 77, 30, byte(n)}), port: fmt.Sprintf("port%d", n)}
	if h.Namespace, err = netns.Open(); err != nil {
		return err
	}
	l.Hosts = append(l.Hosts, h)
	if err := h.Set(netns.Resting...); err != nil {
		return err
	}
	if err := h.Plug(cable, l.hub, h.port); err != nil {
		return err
	}
	return h.Configure(fmt.Sprintf("address add %s/24 dev %s", h.Addr, cable), "link set "+cable+" up")
}

// Close takes the LAN down. Processes that run in it are told to end.
func (l *LAN) Close() {
	for _, h := range l.Hosts {
		h.Close()
	}
	if l.hub != nil {
		l.hub.Close()
	}
}
