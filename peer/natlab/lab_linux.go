package natlab

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/skulltech/prattle/peer/netns"
)

// Lab is a topology that was built.
type Lab struct {
	topology Topology
	internet *netns.Namespace
	routers  []*RouterNode
	hosts    []*HostNode
}

// Open builds a topology.
func Open(t Topology) (_ *Lab, err error) {
	if err := t.check(); err != nil {
		return nil, fmt.Errorf("build a lab: %w", err)
	}
	l := &Lab{topology: t}
	defer func() {
		if err != nil {
			l.Close()
			err = fmt.Errorf("build a lab: %w", err)
		}
	}()
	// What nobody has an address for is lost without a word, as it mostly is.
	if l.internet, err = openNode(forwarding, "route add blackhole 0.0.0.0/0", "route add blackhole ::/0"); err != nil {
		return nil, err
	}
	for i := range t.Routers {
		r, err := l.openRouter(i)
		if err != nil {
			return nil, fmt.Errorf("router %s: %w", t.Routers[i].Name, err)
		}
		l.routers = append(l.routers, r)
	}
	for i := range t.Hosts {
		h, err := l.openHost(i)
		if err != nil {
			return nil, fmt.Errorf("host %s: %w", t.Hosts[i].Name, err)
		}
		l.hosts = append(l.hosts, h)
	}
	return l, nil
}

// Close takes the lab down. Processes that run in it are told to end.
func (l *Lab) Close() error {
	var errs []error
	for _, h := range l.hosts {
		h.Close()
	}
	for _, r := range l.routers {
		errs = append(errs, r.close())
	}
	if l.internet != nil {
		l.internet.Close()
	}
	return errors.Join(errs...)
}

// Router is the router of that name, which must exist.
func (l *Lab) Router(name string) *RouterNode { return l.routers[l.topology.router(name)] }

// Host is the host of that name, which must exist.
func (l *Lab) Host(name string) *HostNode {
	for _, h := range l.hosts {
		if h.Name == name {
			return h
		}
	}
	panic("natlab: no host " + name)
}

// names is an /etc/hosts by which NAME.example leads to each host that has public
// addresses, and likewise the names that stand for several.
func (l *Lab) names() string {
	var b strings.Builder
	fmt.Fprintln(&b, "127.0.0.1 localhost\n::1 localhost")
	for i, h := range l.topology.Hosts {
		names := h.Name + ".example"
		for name, hosts := range l.topology.Names {
			if slices.Contains(hosts, h.Name) {
				names += " " + name + ".example"
			}
		}
		for _, a := range l.publicAddrs(i) {
			fmt.Fprintln(&b, a, names)
		}
	}
	return b.String()
}

// publicAddrs are those of a host that anybody can send to.
func (l *Lab) publicAddrs(host int) (addrs []netip.Addr) {
	for _, on := range l.topology.Hosts[host].On {
		if r := l.topology.router(on); l.topology.Routers[r].Kind == NoNAT {
			for _, a := range l.addrs(r, host) {
				addrs = append(addrs, a.Addr())
			}
		}
	}
	return addrs
}

// addrs are those of a host in the subnet of a router.
func (l *Lab) addrs(router, host int) []netip.Prefix {
	var addrs []netip.Prefix
	for _, subnet := range l.subnets(router) {
		addrs = append(addrs, netip.PrefixFrom(place(subnet, hostPlace+host), subnet.Bits()))
	}
	return addrs
}

// subnets are those of a router.
func (l *Lab) subnets(router int) []netip.Prefix {
	var subnets []netip.Prefix
	if f := l.topology.Routers[router].Family; f.has(IPv4) {
		subnets = append(subnets, l.topology.subnet4(router))
	}
	if f := l.topology.Routers[router].Family; f.has(IPv6) {
		subnets = append(subnets, subnet6(router))
	}
	return subnets
}

// forwarding are the settings of a node that passes packets on.
var forwarding = append([]string{"net/ipv4/ip_forward=1", "net/ipv6/conf/all/forwarding=1"}, netns.Resting...)

// openNode makes a namespace with settings and what the lines tell ip to do.
func openNode(settings []string, lines ...string) (*netns.Namespace, error) {
	n, err := netns.Open()
	if err != nil {
		return nil, err
	}
	if err = n.Set(settings...); err == nil {
		err = n.Configure(lines...)
	}
	if err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}
