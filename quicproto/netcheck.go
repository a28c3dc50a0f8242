package quicproto

import (
	"cmp"
	"context"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// NetcheckConfig says by which servers the network is looked at.
type NetcheckConfig struct {
	STUN   []string     // as in GatherConfig
	TURN   []TURNServer // as in GatherConfig
	Probes int          // requests sent to each server to measure it; 0: 20
	Log    *slog.Logger // or nil
}

// NetReport is what the network that this machine is on allows.
type NetReport struct {
	Addrs       []netip.Addr // of this machine, best first
	IPv4, IPv6  bool         // a server answers over it
	UDP         bool         // a server answers over it
	NAT         NATReport    // of IPv4
	PortMapping string       // protocol by which the router forwards ports, or empty
	External    netip.AddrPort
	Servers     []ServerReport
	Problems    []error // names that could not be made use of; they wrap ErrServerName
}

// ServerReport is what was found out about one address of a server, by one way.
type ServerReport struct {
	Server    string         // as it was named
	Relay     bool           // it is one, and was asked for an allocation
	Transport string         // udp, tcp, tls
	Addr      netip.AddrPort // of the server

	Sent, Received int           // probes
	RTT            time.Duration // median; 0: not measured
	MinRTT, MaxRTT time.Duration
	MTU            int           // the largest IP packet that arrived, in bytes; 0: not measured
	Ready          time.Duration // until the relay could be used
	Err            error         // why not; nil if all went well
}

// Answers says whether the server does.
func (s *ServerReport) Answers() bool { return s.Received > 0 || s.Ready > 0 }

// defaultProbes are enough to tell 5 % of loss from none in most cases.
const defaultProbes = 20

// Netcheck looks at the network from all sides at once. It takes about three
// seconds.
func Netcheck(ctx context.Context, cfg NetcheckConfig) NetReport {
	if cfg.Probes <= 0 {
		cfg.Probes = defaultProbes
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	report := NetReport{Addrs: HostAddrs()}
	targets, problems := netcheckTargets(ctx, cfg)
	report.Problems = problems
	var all sync.WaitGroup
	report.Servers = make([]ServerReport, len(targets))
	for i, t := range targets {
		all.Go(func() { report.Servers[i] = t.check(ctx, cfg) })
	}
	all.Go(func() { report.PortMapping, report.External = checkPortMapping(ctx) })
	all.Go(func() { report.NAT = checkNAT(ctx, targets) })
	all.Wait()
	for _, s := range report.Servers {
		if !s.Answers() {
			continue
		}
		report.UDP = report.UDP || s.Transport == turnUDP.String()
		report.IPv4 = report.IPv4 || s.Addr.Addr().Is4()
		report.IPv6 = report.IPv6 || s.Addr.Addr().Is6()
	}
	return report
}

// netcheckTarget is one address of a server, and one way to it.
type netcheckTarget struct {
	name  string
	relay *relayServer // nil: STUN alone
	way   turnWay
	addr  netip.AddrPort
}

// netcheckTargets resolves the names of the servers.
func netcheckTargets(ctx context.Context, cfg NetcheckConfig) (targets []netcheckTarget, problems []error) {
	ctx, cancel := context.WithTimeout(ctx, nameTimeout)
	defer cancel()
	resolve := func(host string) []netip.Addr {
		addrs, err := lookUp(ctx, host)
		if err != nil {
			problems = append(problems, err)
		}
		return firstOfFamilies(addrs)
	}
	for _, s := range cfg.STUN[:min(len(cfg.STUN), maxServers)] {
		name, err := parseSTUNServer(s)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		for _, ip := range resolve(name.host) {
			targets = append(targets, netcheckTarget{name.String(), nil, turnWay{turnUDP, name.port}, netip.AddrPortFrom(ip, name.port)})
		}
	}
	relays, malformed := relayServers(cfg.TURN)
	problems = append(problems, malformed...)
	for _, r := range relays {
		for _, ip := range resolve(r.host) {
			for _, w := range r.ways {
				targets = append(targets, netcheckTarget{serverName{r.host, w.port}.String(), &r, w, netip.AddrPortFrom(ip, w.port)})
			}
		}
	}
	return targets, problems
}

// check measures a server.
func (t netcheckTarget) check(ctx context.Context, cfg NetcheckConfig) ServerReport {
	r := ServerReport{Server: t.name, Relay: t.relay != nil, Transport: t.way.transport.String(), Addr: t.addr}
	var both sync.WaitGroup
	if t.way.transport == turnUDP {
		both.Go(func() { r.probe(ctx, cfg.Probes) })
		both.Go(func() { r.MTU = pathMTU(ctx, t.addr) })
	}
	var relay relayCheck
	if t.relay != nil {
		both.Go(func() { relay = t.allocate(ctx, cfg.Log) })
	}
	both.Wait()
	r.Ready = relay.ready
	switch {
	case relay.err != nil:
		r.Err = relay.err
	case t.relay == nil && r.Received == 0:
		r.Err = ErrUDPBlocked
	}
	if r.RTT == 0 {
		r.RTT, r.MinRTT, r.MaxRTT = relay.rtt, relay.rtt, relay.rtt
	}
	return r
}

// probeInterval separates probes, so that they do not wait for each other on a
// slow line.
const probeInterval = 50 * time.Millisecond

// probe sends requests to the server and counts the answers.
func (r *ServerReport) probe(ctx context.Context, n int) {
	a, err := openAsker(r.Addr.Addr())
	if err != nil {
		r.Err = err
		return
	}
	defer a.close()
	var mu sync.Mutex
	var rtts []time.Duration
	var all sync.WaitGroup
	for range n {
		r.Sent++
		all.Go(func() {
			if _, rtt, err := a.askOnce(ctx, r.Addr, askTimeout); err == nil {
				mu.Lock()
				rtts = append(rtts, rtt)
				mu.Unlock()
			}
		})
		sleep(ctx, probeInterval)
	}
	all.Wait()
	if r.Received = len(rtts); r.Received > 0 {
		slices.Sort(rtts)
		r.RTT, r.MinRTT, r.MaxRTT = rtts[len(rtts)/2], rtts[0], rtts[len(rtts)-1]
	}
}

// relayCheck is what came of asking for an allocation.
type relayCheck struct {
	ready, rtt time.Duration
	err        error
}

// allocate asks for an allocation and gives it back.
func (t netcheckTarget) allocate(ctx context.Context, log *slog.Logger) (c relayCheck) {
	o := &relayOpener{deliver: func(local, netip.AddrPort, []byte) {}, log: log}
	begin := time.Now()
	r, err := o.open(ctx, speakingHost(t.addr.Addr()), *t.relay, relayAttempt{t.way, t.addr, new(atomic.Int64)})
	if err != nil {
		c.err = err
		return c
	}
	defer r.close()
	c.ready = time.Since(begin)
	begin = time.Now()
	if err := r.check(ctx); err == nil {
		c.rtt = time.Since(begin)
	}
	return c
}

// speakingHost is the address of ours from which the system speaks to another.
func speakingHost(to netip.Addr) host {
	c, err := net.Dial("udp", netip.AddrPortFrom(to, 9).String()) // sends nothing
	if err != nil {
		return host{ip: unspecified(to)}
	}
	defer c.Close()
	return host{ip: addrPort(c.LocalAddr()).Addr()}
}

func unspecified(family netip.Addr) netip.Addr {
	if family.Is4() {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}

// checkPortMapping asks the routers of this machine's networks for a port, and
// gives it back.
func checkPortMapping(ctx context.Context) (protocol string, external netip.AddrPort) {
	all, err := hosts()
	if err != nil {
		return "", netip.AddrPort{}
	}
	a, err := openAsker(netip.IPv4Unspecified())
	if err != nil {
		return "", netip.AddrPort{}
	}
	defer a.close()
	for _, h := range mappable(all) {
		m := &portMapper{protocols: func() []portProtocol { return routerProtocols(h, a.port()) }}
		if p, found, err := m.obtain(ctx); err == nil {
			p.remove(ctx)
			return p.String(), found.external
		}
	}
	return "", netip.AddrPort{}
}

// MTU is the largest that any path to a server has carried, or 0.
func (r *NetReport) MTU() int {
	return slices.MaxFunc(append(r.Servers, ServerReport{}), func(a, b ServerReport) int { return cmp.Compare(a.MTU, b.MTU) }).MTU
}
