package quicproto

import (
	"net"
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// interfaceAddrs asks the kernel for all addresses. Package net does not tell
// their flags, and from an address that is not yet known to be unique nothing can
// be sent.
func interfaceAddrs([]net.Interface) ([]interfaceAddr, error) {
	table, err := syscall.NetlinkRIB(unix.RTM_GETADDR, unix.AF_UNSPEC)
	if err != nil {
		return nil, err
	}
	messages, err := syscall.ParseNetlinkMessage(table)
	if err != nil {
		return nil, err
	}
	var found []interfaceAddr
	for i := range messages {
		if a, ok := parseInterfaceAddr(&messages[i]); ok {
			found = append(found, a)
		}
	}
	return found, nil
}

func parseInterfaceAddr(m *syscall.NetlinkMessage) (interfaceAddr, bool) {
	if m.Header.Type != unix.RTM_NEWADDR || len(m.Data) < unix.SizeofIfAddrmsg {
		return interfaceAddr{}, false
	}
	attrs, err := syscall.ParseNetlinkRouteAttr(m)
	if err != nil {
		return interfaceAddr{}, false
	}
	var ip netip.Addr
	for _, a := range attrs {
		// Of a point-to-point link IFA_ADDRESS is the far end and IFA_LOCAL ours.
		if a.Attr.Type == unix.IFA_LOCAL || a.Attr.Type == unix.IFA_ADDRESS && !ip.IsValid() {
			ip, _ = netip.AddrFromSlice(a.Value)
		}
	}
	head := (*unix.IfAddrmsg)(unsafe.Pointer(&m.Data[0]))
	const unusable = unix.IFA_F_TENTATIVE | unix.IFA_F_DADFAILED | unix.IFA_F_DEPRECATED
	return interfaceAddr{
		prefix:    netip.PrefixFrom(ip, int(head.Prefixlen)),
		iface:     int(head.Index),
		unusable:  head.Flags&unusable != 0,
		temporary: ip.Is6() && head.Flags&unix.IFA_F_TEMPORARY != 0,
	}, ip.IsValid()
}
