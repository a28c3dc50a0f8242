package natlab

import (
	"fmt"
	"net/netip"

	"github.com/skulltech/prattle/peer/netns"
	"github.com/skulltech/prattle/quicproto/quictest"
)

// RouterNode is a router of a Lab.
type RouterNode struct {
	*netns.Namespace
	Router
	line  *netns.Line // to the internet; nil behind another router
	rules ruleset
}

// openRouter builds the i-th router: its subnet is the bridge "lan", the way out
// of it the device "wan".
func (l *Lab) openRouter(i int) (_ *RouterNode, err error) {
	r := &RouterNode{Router: l.topology.Routers[i]}
	r.rules = ruleset{r.Kind, r.Hairpin, l.outside(i), l.topology.subnet4(i), portRange}
	if r.Namespace, err = openNode(forwarding); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			r.close()
		}
	}()
	if err := l.openSubnet(r, i); err != nil {
		return nil, err
	}
	if r.Via == "" {
		err = l.joinInternet(r, i)
	} else {
		err = l.joinBehind(r, i)
	}
	if err != nil {
		return nil, err
	}
	// What stays in the subnet is no business of the filters.
	if err := r.Do(bridgesUnfiltered); err != nil {
		return nil, err
	}
	return r, r.load()
}

// openSubnet makes the subnet of a router, with nobody in it.
func (l *Lab) openSubnet(r *RouterNode, i int) error {
	if err := r.MakeSwitch(); err != nil {
		return err
	}
	var lines []string
	for _, subnet := range l.subnets(i) {
		lines = append(lines, fmt.Sprintf("address add %s/%d dev %s nodad", place(subnet, routerPlace), subnet.Bits(), netns.Switch))
	}
	return r.Configure(lines...)
}

// outside is the address of the i-th router that others see.
func (l *Lab) outside(i int) netip.Addr {
	if via := l.topology.router(l.topology.Routers[i].Via); via >= 0 {
		return place(l.topology.subnet4(via), behindPlace+i)
	}
	return outside4(i)
}

// joinInternet draws the line of a router to the internet.
func (l *Lab) joinInternet(r *RouterNode, i int) error {
	wan, err := r.OpenTUN("wan", netip.Prefix{})
	if err != nil {
		return err
	}
	name := fmt.Sprintf("to%d", i)
	far, err := l.internet.OpenTUN(name, netip.Prefix{})
	if err != nil {
		wan.Close()
		return err
	}
	if r.line, err = netns.Join(wan, far, r.Link, uint64(i), nil); err != nil {
		wan.Close()
		far.Close()
		return err
	}
	there := []string{fmt.Sprintf("route add %s dev %s", outside4(i), name)}
	for _, subnet := range l.subnets(i) {
		if subnet.Addr().Is6() || r.Kind == NoNAT {
			there = append(there, fmt.Sprintf("route add %s dev %s", subnet, name))
		}
	}
	if err := l.internet.Configure(there...); err != nil {
		return err
	}
	return r.Configure(
		fmt.Sprintf("address add %s/32 dev wan", outside4(i)), "route add 0.0.0.0/0 dev wan", "route add ::/0 dev wan")
}

// joinBehind puts a router into the subnet of another one.
func (l *Lab) joinBehind(r *RouterNode, i int) error {
	via := l.topology.router(r.Via)
	subnet := l.topology.subnet4(via)
	if err := l.plug(r.Namespace, "wan", l.routers[via], fmt.Sprintf("r%d", i)); err != nil {
		return err
	}
	return r.Configure("link set wan up",
		fmt.Sprintf("address add %s/%d dev wan", r.rules.outside, subnet.Bits()),
		fmt.Sprintf("route add default via %s", place(subnet, routerPlace)))
}

// plug runs a cable from a new device of a node into the subnet of a router.
func (l *Lab) plug(n *netns.Namespace, device string, r *RouterNode, port string) error {
	if err := n.Plug(device, r.Namespace, port); err != nil || !r.Isolated {
		return err
	}
	return r.Configure(fmt.Sprintf("link set %s type bridge_slave isolated on", port))
}

func (r *RouterNode) close() error {
	defer r.Close()
	if r.line == nil {
		return nil
	}
	return r.line.Close()
}

// load makes the router do what its rules say.
func (r *RouterNode) load() error { return r.Filter(r.rules.String()) }

// Outside is the IPv4 address of the router that others see.
func (r *RouterNode) Outside() netip.Addr { return r.rules.outside }

// SetLink changes the router's line to the internet; Loss 1 cuts it silently.
func (r *RouterNode) SetLink(l quictest.Link) { r.line.Change(l) }

// Traffic is what passed the router's line to the internet so far, out and in.
func (r *RouterNode) Traffic() (out, in quictest.PathStats) { return r.line.Stats() }

// Rebind makes the router forget all its mappings, as one that was switched off and
// on: what passes from now on has other ports outside than before.
func (r *RouterNode) Rebind() error {
	r.rules.ports = r.rules.ports%(5*portRange) + portRange
	return r.SetKind(r.rules.kind)
}

// SetKind makes the router one of another kind, with no memory of what it was.
func (r *RouterNode) SetKind(k Kind) error {
	r.rules.kind = k
	if err := r.load(); err != nil {
		return err
	}
	_, err := r.Run("", "conntrack", "--flush")
	return err
}
