package relay

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
)

// socket is a UDP socket of one family which receives and sends datagrams in
// batches. One goroutine receives; any may send.
type socket struct {
	*net.UDPConn
	raw   syscall.RawConn
	local netip.AddrPort

	arrival arrival     // of the goroutine that receives
	single  atomic.Bool // segmentation offload does not work here
}

// openSocket opens a socket on addr with buffers of about that many bytes. Shared
// ones may be opened several times. Before it receives, onArrival must be called.
func openSocket(addr netip.AddrPort, buffer int, shared bool) (*socket, error) {
	config := net.ListenConfig{}
	if shared {
		config.Control = shareAddress
	}
	conn, err := config.ListenPacket(context.Background(), network("udp", addr.Addr()), addr.String())
	if err != nil {
		return nil, err
	}
	s := &socket{UDPConn: conn.(*net.UDPConn)}
	s.local = s.LocalAddr().(*net.UDPAddr).AddrPort()
	s.local = netip.AddrPortFrom(s.local.Addr().Unmap(), s.local.Port())
	// The system gives what it is allowed to; less costs packets, not the service.
	_ = s.SetReadBuffer(buffer)
	_ = s.SetWriteBuffer(buffer)
	if s.raw, err = s.SyscallConn(); err != nil {
		s.Close()
		return nil, fmt.Errorf("raw socket: %w", err)
	}
	return s, nil
}

// network is the name that package net has for protocol over the family of ip.
func network(protocol string, ip netip.Addr) string {
	if ip.Is4() {
		return protocol + "4"
	}
	return protocol + "6"
}
