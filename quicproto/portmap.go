package quicproto

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"time"
)

// Timing of port mappings.
const (
	// mappingLifetime is asked for; a laptop that vanishes leaves the port open no
	// longer. Half of it later it is renewed (RFC 6886, section 3.3).
	mappingLifetime = 1 * time.Hour
	// mappingRetry and mappingMaxRetry bound the wait after no router was found
	// that forwards ports. Most do not.
	mappingRetry    = 1 * time.Minute
	mappingMaxRetry = 30 * time.Minute
	// minMappingRenewal bounds how often a router can have us ask.
	minMappingRenewal = 1 * time.Minute
	// mappingTimeout bounds each question to a router.
	mappingTimeout = 3 * time.Second
)

// mapping is a port of a router that leads to ours.
type mapping struct {
	external netip.AddrPort
	lifetime time.Duration // 0: for ever
}

// portProtocol is a way to have a router forward a port.
type portProtocol interface {
	// add makes or renews the mapping.
	add(ctx context.Context) (mapping, error)
	// remove ends it.
	remove(ctx context.Context)
	String() string
}

// portMapper has the router of a network forward a UDP port to us.
type portMapper struct {
	protocols func() []portProtocol
	report    func(netip.AddrPort) // invalid: there is no mapping any more
	log       *slog.Logger
}

var errNoRouter = errors.New("no router here forwards ports")

// routerProtocols lists the ways to ask the router of a network to forward a port
// of ours, the simpler one first.
func routerProtocols(from host, port uint16) []portProtocol {
	gateway := gatewayOf(from)
	if !gateway.IsValid() {
		return nil
	}
	return []portProtocol{
		&natPMP{gateway: gateway, from: from, port: port},
		&upnp{gateway: gateway, from: from, port: port},
	}
}

// obtain gets a mapping by the first protocol that works.
func (p *portMapper) obtain(ctx context.Context) (portProtocol, mapping, error) {
	why := []error{errNoRouter}
	for _, protocol := range p.protocols() {
		m, err := protocol.add(ctx)
		if err == nil && !reachable(m.external) {
			protocol.remove(ctx)
			err = errors.New("the router has no address itself")
		}
		if err == nil {
			return protocol, m, nil
		}
		why = append(why, err)
	}
	return nil, mapping{}, errors.Join(why...)
}

// run keeps a mapping until ctx ends, and then removes it.
func (p *portMapper) run(ctx context.Context) {
	for retry := mappingRetry; ctx.Err() == nil; retry = min(2*retry, mappingMaxRetry) {
		protocol, m, err := p.obtain(ctx)
		if err == nil {
			retry = mappingRetry
			p.log.Info("the router forwards a port", "protocol", protocol)
			p.hold(ctx, protocol, m)
			continue
		}
		p.log.Debug("no port mapping", "err", err)
		sleep(ctx, retry)
	}
}

// hold renews a mapping until that fails.
func (p *portMapper) hold(ctx context.Context, protocol portProtocol, m mapping) {
	defer p.report(netip.AddrPort{})
	for {
		p.report(m.external)
		renewal := max(m.lifetime/2, minMappingRenewal)
		if m.lifetime == 0 {
			renewal = mappingLifetime / 2
		}
		if sleep(ctx, renewal); ctx.Err() != nil {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
			defer cancel()
			protocol.remove(ctx)
			return
		}
		next, err := protocol.add(ctx)
		if err != nil {
			p.log.Info("the router forwards the port no longer", "protocol", protocol)
			return
		}
		m = next
	}
}

// sleep waits for d or the end of ctx.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// maxMappers bounds the routers that are asked.
const maxMappers = 2

// wantedMappings lists the addresses for which a port is to be mapped.
func (s *gathering) wantedMappings() []host {
	if s.cfg.RelayOnly || s.cfg.LANOnly || s.cfg.NoPortMapping {
		return nil
	}
	return mappable(s.hosts)
}

// mappable lists the addresses that a router may stand before.
func mappable(hosts []host) (list []host) {
	for _, h := range hosts {
		if h.ip.Is4() && h.ip.IsPrivate() && !h.virtual && len(list) < maxMappers {
			list = append(list, h)
		}
	}
	return list
}

// reconcileMappings begins and ends the keeping of port mappings.
func (s *gathering) reconcileMappings() {
	wanted := s.wantedMappings()
	for h, m := range s.mappers {
		if !slices.Contains(wanted, h) {
			m.stop()
			delete(s.mappers, h)
		}
	}
	for _, h := range wanted {
		if s.mappers[h] != nil {
			continue
		}
		ctx, stop := context.WithCancel(s.ctx)
		kept := &keptMapping{stop: stop}
		s.mappers[h] = kept
		mapper := &portMapper{
			protocols: func() []portProtocol { return routerProtocols(h, s.port) },
			report:    func(addr netip.AddrPort) { s.do(func(*gathering) { kept.addr = addr }) },
			log:       s.log,
		}
		s.tasks.Go(func() { mapper.run(ctx) })
	}
}
