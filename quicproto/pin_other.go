//go:build !linux

package quicproto

import (
	"net/netip"
	"syscall"
)

// pin leaves the choice of the interface to the system.
func (h host) pin(netip.Addr) func(network, address string, c syscall.RawConn) error { return nil }
