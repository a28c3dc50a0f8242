package quicproto

import (
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// pin makes a socket send by the interface of its address: the system chooses by
// the destination alone, and would send from one network's address into another.
// To an address of this machine itself only the system knows the way.
func (h host) pin(to netip.Addr) func(network, address string, c syscall.RawConn) error {
	if h.iface == 0 || to.IsLoopback() || isOwn(to) {
		return nil
	}
	return func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) {
			// Where it is not allowed the system's choice is as good as there is.
			_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_BINDTOIFINDEX, h.iface)
		})
	}
}
