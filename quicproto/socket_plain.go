package quicproto

import (
	"net"
	"net/netip"
)

// bareSocket is any other socket, such as one of a simulated network.
type bareSocket struct{ net.PacketConn }

func (w *bareSocket) read(b []byte) (int, netip.AddrPort, local, error) {
	n, from, err := w.ReadFrom(b)
	if err != nil {
		return 0, netip.AddrPort{}, local{}, err
	}
	return n, addrPort(from), local{}, nil
}

func (w *bareSocket) write(b []byte, _ local, to netip.AddrPort) error {
	_, err := w.WriteTo(b, net.UDPAddrFromAddrPort(to))
	return err
}

func (w *bareSocket) pins() bool     { return false }
func (w *bareSocket) addr() net.Addr { return w.LocalAddr() }
func (w *bareSocket) close() error   { return w.PacketConn.Close() }

// multihomed is a simulated socket on a host with more addresses than one.
type multihomed interface {
	net.PacketConn
	// ReadAt reads a packet and says from where and at which address it came.
	ReadAt(b []byte) (n int, from netip.AddrPort, at netip.Addr, err error)
	// WriteFrom sends a packet from one of the host's addresses.
	WriteFrom(b []byte, from netip.Addr, to netip.AddrPort) error
}

type multihomedSocket struct{ multihomed }

func (w *multihomedSocket) read(b []byte) (int, netip.AddrPort, local, error) {
	n, from, at, err := w.ReadAt(b)
	return n, unmap(from), local{ip: at}, err
}

func (w *multihomedSocket) write(b []byte, from local, to netip.AddrPort) error {
	return w.WriteFrom(b, from.ip, to)
}

func (w *multihomedSocket) pins() bool     { return true }
func (w *multihomedSocket) addr() net.Addr { return w.LocalAddr() }
func (w *multihomedSocket) close() error   { return w.multihomed.Close() }
