package certs

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strconv"
)

// The kinds of address in a ticket.
const (
	ticketName   = 0
	ticketServer = 1
	ticketIPv4   = 4
	ticketIPv6   = 6
)

// parseAddr reads one address of the peer or one rendezvous, and returns the rest.
func (t *Ticket) parseAddr(b []byte) (rest []byte, err error) {
	var server Server
	isServer := b[0] == ticketServer
	if isServer {
		if len(b) < 1+len(server.ID)+1 {
			return nil, fmt.Errorf("%w: half a server", ErrTicketDamaged)
		}
		b = b[1:]
		b = b[copy(server.ID[:], b):]
	}
	addr, rest, err := parseTicketAddr(b)
	if err != nil {
		return nil, err
	}
	if !isServer {
		t.Addrs = append(t.Addrs, addr)
		return rest, nil
	}
	if !server.ID.IsZero() && server.ID.weak() {
		return nil, fmt.Errorf("ticket's server: %w", ErrWeakKey)
	}
	server.Addr = addr
	t.Servers = append(t.Servers, server)
	return rest, nil
}

func appendTicketAddr(b []byte, addr string) ([]byte, error) {
	host, port, err := splitAddr(addr)
	if err != nil {
		return nil, err
	}
	ip, err := netip.ParseAddr(host)
	switch {
	case err == nil && ip.Unmap().Is4():
		b = append(append(b, ticketIPv4), ip.Unmap().AsSlice()...)
	case err == nil:
		b = append(append(b, ticketIPv6), ip.AsSlice()...)
	default:
		b = append(append(b, ticketName, byte(len(host))), host...)
	}
	return binary.BigEndian.AppendUint16(b, port), nil
}

func parseTicketAddr(b []byte) (addr string, rest []byte, err error) {
	kind, b := b[0], b[1:]
	n := 0
	switch {
	case kind == ticketIPv4:
		n = 4
	case kind == ticketIPv6:
		n = 16
	case kind == ticketName && len(b) > 0:
		n, b = int(b[0]), b[1:]
	default:
		return "", nil, fmt.Errorf("%w: address of kind %d", ErrTicketDamaged, kind)
	}
	if len(b) < n+2 {
		return "", nil, fmt.Errorf("%w: half an address", ErrTicketDamaged)
	}
	host := string(b[:n])
	if kind != ticketName {
		ip, _ := netip.AddrFromSlice(b[:n])
		host = ip.Unmap().String()
	}
	addr = net.JoinHostPort(host, strconv.Itoa(int(binary.BigEndian.Uint16(b[n:]))))
	if _, _, err := splitAddr(addr); err != nil {
		return "", nil, fmt.Errorf("%w: %w", ErrTicketDamaged, err)
	}
	return addr, b[n+2:], nil
}
