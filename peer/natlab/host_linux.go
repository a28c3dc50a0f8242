package natlab

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"slices"

	"github.com/skulltech/prattle/peer/netns"
)

// HostNode is a host of a Lab. Names that end in .example lead to the hosts with
// public addresses; there is no DNS.
type HostNode struct {
	*netns.Namespace
	Host
	lab   *Lab
	index int
}

// openHost builds the i-th host and lets it join all its subnets.
func (l *Lab) openHost(i int) (_ *HostNode, err error) {
	h := &HostNode{Host: l.topology.Hosts[i], lab: l, index: i}
	if h.Namespace, err = openNode(netns.Resting); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			h.Close()
		}
	}()
	for file, contents := range map[string]string{"/etc/hosts": l.names(), "/etc/resolv.conf": "nameserver 127.0.0.1\n"} {
		if err := h.SetFile(file, contents); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	for n, on := range h.On {
		if err := l.plug(h.Namespace, device(n), l.Router(on), fmt.Sprintf("h%d-%d", i, n)); err != nil {
			return nil, err
		}
		if err := h.Join(on); err != nil {
			return nil, err
		}
	}
	return h, nil
}

func device(n int) string { return fmt.Sprintf("eth%d", n) }

// Addrs are those of the host in the subnet of a router: IPv4 before IPv6.
func (h *HostNode) Addrs(router string) []netip.Addr {
	var addrs []netip.Addr
	for _, p := range h.lab.addrs(h.lab.topology.router(router), h.index) {
		addrs = append(addrs, p.Addr())
	}
	return addrs
}

// Join brings up the host's device in the subnet of a router, as when a Wi-Fi comes
// into reach: with its addresses and a way out.
func (h *HostNode) Join(router string) error {
	n, r := slices.Index(h.On, router), h.lab.topology.router(router)
	dev := device(n)
	lines := []string{"link set " + dev + " up"}
	for _, a := range h.lab.addrs(r, h.index) {
		lines = append(lines, fmt.Sprintf("address add %s dev %s nodad", a, dev))
	}
	for _, subnet := range h.lab.subnets(r) {
		lines = append(lines, fmt.Sprintf("route add default via %s dev %s metric %d", place(subnet, routerPlace), dev, 100*(n+1)))
	}
	return h.Configure(lines...)
}

// Leave takes the host out of the subnet of a router, as when a Wi-Fi goes out of
// reach: the device goes down and loses its addresses.
func (h *HostNode) Leave(router string) error {
	dev := device(slices.Index(h.On, router))
	return h.Configure("link set "+dev+" down", "address flush dev "+dev)
}

// ListenUDP opens a UDP socket of the host.
func (h *HostNode) ListenUDP(addr netip.AddrPort) (socket *net.UDPConn, err error) {
	err = h.Do(func() (err error) {
		socket, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(addr))
		return err
	})
	return socket, err
}

// bridgesUnfiltered keeps nftables from what a bridge of the thread's namespace
// passes from port to port. Kernels may have no such thing.
func bridgesUnfiltered() error {
	for _, name := range []string{"iptables", "ip6tables"} {
		err := os.WriteFile("/proc/sys/net/bridge/bridge-nf-call-"+name, []byte("0"), 0o644)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
