package peer

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"github.com/skulltech/prattle/quicproto"
)

const (
	// discoveryPort is that of Multicast DNS. Other programs listen there too.
	discoveryPort = 5353
	// discoveryHops is as RFC 6762 section 11 has it; no router passes these groups on.
	discoveryHops = 255
)

// The groups of Multicast DNS (RFC 6762 section 3).
var (
	discoveryGroup4 = net.IPv4(224, 0, 0, 251)
	discoveryGroup6 = net.ParseIP("ff02::fb")
)

// groupSocket speaks to a group, and hears it where it has joined.
type groupSocket interface {
	// suits says whether an address of ours on a link lets it speak there.
	suits(netip.Addr) bool
	JoinGroup(*net.Interface, net.Addr) error
	LeaveGroup(*net.Interface, net.Addr) error
	group() *net.UDPAddr
	// sendBy sends to everybody on a link.
	sendBy(*net.Interface, []byte) error
	// receive returns the interface by which a packet came: 0 if the system does not
	// tell, -1 if it was not sent to the group.
	receive([]byte) (n, by int, from netip.AddrPort, err error)
	Close() error
}

type groupSocket4 struct{ *ipv4.PacketConn }

type groupSocket6 struct{ *ipv6.PacketConn }

// openGroupSockets opens one for each family that there is.
func openGroupSockets() ([]groupSocket, error) {
	var open []groupSocket
	s4, err4 := openGroupSocket4()
	if err4 == nil {
		open = append(open, s4)
	}
	s6, err6 := openGroupSocket6()
	if err6 == nil {
		open = append(open, s6)
	}
	if len(open) == 0 {
		return nil, fmt.Errorf("open a socket for multicast: %w", errors.Join(err4, err6))
	}
	return open, nil
}

// openGroupSocket4 shares the port: of a group's address package net makes the
// wildcard, with SO_REUSEADDR and where there is need SO_REUSEPORT.
func openGroupSocket4() (groupSocket, error) {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: discoveryGroup4, Port: discoveryPort})
	if err != nil {
		return nil, err
	}
	s := groupSocket4{ipv4.NewPacketConn(c)}
	err = errors.Join(s.SetMulticastTTL(discoveryHops), s.SetMulticastLoopback(true))
	if err != nil {
		c.Close()
		return nil, err
	}
	s.SetControlMessage(ipv4.FlagInterface|ipv4.FlagDst, true) // not on every system: see receive
	return s, nil
}

func openGroupSocket6() (groupSocket, error) {
	c, err := net.ListenUDP("udp6", &net.UDPAddr{IP: discoveryGroup6, Port: discoveryPort})
	if err != nil {
		return nil, err
	}
	s := groupSocket6{ipv6.NewPacketConn(c)}
	err = errors.Join(s.SetMulticastHopLimit(discoveryHops), s.SetMulticastLoopback(true))
	if err != nil {
		c.Close()
		return nil, err
	}
	s.SetControlMessage(ipv6.FlagInterface|ipv6.FlagDst, true)
	return s, nil
}

func (groupSocket4) suits(ip netip.Addr) bool { return ip.Is4() }
func (groupSocket6) suits(ip netip.Addr) bool { return ip.Is6() }

func (groupSocket4) group() *net.UDPAddr {
	return &net.UDPAddr{IP: discoveryGroup4, Port: discoveryPort}
}

func (groupSocket6) group() *net.UDPAddr {
	return &net.UDPAddr{IP: discoveryGroup6, Port: discoveryPort}
}

func (s groupSocket4) sendBy(i *net.Interface, b []byte) error {
	if err := s.SetMulticastInterface(i); err != nil {
		return err
	}
	_, err := s.WriteTo(b, nil, s.group())
	return err
}

func (s groupSocket6) sendBy(i *net.Interface, b []byte) error {
	if err := s.SetMulticastInterface(i); err != nil {
		return err
	}
	_, err := s.WriteTo(b, nil, s.group())
	return err
}

func (s groupSocket4) receive(b []byte) (n, by int, from netip.AddrPort, err error) {
	n, cm, addr, err := s.ReadFrom(b)
	if cm != nil {
		by = interfaceOf(cm.IfIndex, cm.Dst.Equal(discoveryGroup4))
	}
	return n, by, sourceOf(addr), err
}

func (s groupSocket6) receive(b []byte) (n, by int, from netip.AddrPort, err error) {
	n, cm, addr, err := s.ReadFrom(b)
	if cm != nil {
		by = interfaceOf(cm.IfIndex, cm.Dst.Equal(discoveryGroup6))
	}
	return n, by, sourceOf(addr), err
}

func interfaceOf(index int, toGroup bool) int {
	if !toGroup {
		return -1
	}
	return index
}

func sourceOf(addr net.Addr) netip.AddrPort {
	if u, ok := addr.(*net.UDPAddr); ok {
		ap := u.AddrPort()
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	}
	return netip.AddrPort{}
}

// linkOf finds the link by which a packet came: as the system says, or else by the
// source, which has to be on it (RFC 6762 section 11). -1 if by none.
func linkOf(by int, from netip.AddrPort, links []quicproto.LocalLink) int {
	at := slices.IndexFunc(links, func(l quicproto.LocalLink) bool {
		if by != 0 || from.Addr().Zone() != "" {
			return l.Index == by || by == 0 && l.Name == from.Addr().Zone()
		}
		_, on := subnetOf(from.Addr(), []quicproto.LocalLink{l})
		return on
	})
	if at < 0 || from.Port() != discoveryPort {
		// Other ports belong to resolvers that want an answer for themselves (section
		// 6.7), and nobody needs one.
		return -1
	}
	return links[at].Index
}
