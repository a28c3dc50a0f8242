package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
)

// listen opens all addresses.
func (s *Server) listen() error {
	udp, err := expand(s.config.UDP)
	if err != nil {
		return err
	}
	for _, addr := range udp {
		if err := s.listenUDP(addr); err != nil {
			return fmt.Errorf("listen on UDP %v: %w", addr, err)
		}
	}
	if err := s.listenStream(s.config.TCP, nil, &s.addresses[1]); err != nil {
		return err
	}
	return s.listenStream(s.config.TLS, s.tlsConfig(), &s.addresses[2])
}

// expand puts the addresses of this machine in place of unspecified ones: an answer
// must come from the address that was asked.
func expand(addrs []netip.AddrPort) (out []netip.AddrPort, err error) {
	for _, a := range addrs {
		if !a.Addr().IsUnspecified() {
			out = append(out, netip.AddrPortFrom(a.Addr().Unmap(), a.Port()))
			continue
		}
		all, err := interfaceAddrs()
		if err != nil {
			return nil, fmt.Errorf("addresses of this machine: %w", err)
		}
		for _, ip := range all {
			if ip.Is4() == a.Addr().Is4() {
				out = append(out, netip.AddrPortFrom(ip, a.Port()))
			}
		}
	}
	if len(addrs) > 0 && len(out) == 0 {
		return nil, errors.New("this machine has no address of that family")
	}
	return out, nil
}

// listenUDP opens the sockets that share addr.
func (s *Server) listenUDP(addr netip.AddrPort) error {
	n := socketsFor(s.config.Sockets)
	for i := range n {
		socket, err := openSocket(addr, udpBuffer, n > 1)
		if err != nil {
			return err
		}
		f := newUDPFront(s, socket)
		t, err := f.serve(f)
		if err != nil {
			socket.Close()
			return err
		}
		s.turns = append(s.turns, t)
		if i == 0 {
			addr = socket.local
			s.addresses[0] = append(s.addresses[0], addr)
		}
	}
	return nil
}

// listenStream opens TCP listeners and notes where.
func (s *Server) listenStream(addrs []netip.AddrPort, tlsConfig *tls.Config, where *[]netip.AddrPort) error {
	for _, addr := range addrs {
		l, err := new(net.ListenConfig).Listen(context.Background(), network("tcp", addr.Addr()), addr.String())
		if err != nil {
			return fmt.Errorf("listen on TCP %v: %w", addr, err)
		}
		s.listeners = append(s.listeners, l)
		*where = append(*where, addrPortOf(l.Addr()))
		s.routines.Add(1)
		go s.acceptAll(l, tlsConfig)
	}
	return nil
}
