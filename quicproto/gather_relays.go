package quicproto

import (
	"context"
	"net/netip"
	"slices"
)

// maxRelays bounds the allocations: a laptop's two networks in both families, and
// two servers on the best of them.
const maxRelays = 6

// wantedRelays lists which address of ours is to have an allocation on which
// server: one of each family for each interface, on the first network on all
// servers before the second gets any.
func (s *gathering) wantedRelays() []keeperKey {
	var keys []keeperKey
	type network struct {
		iface int
		four  bool
	}
	served := make(map[network]bool)
	for _, h := range s.hosts {
		n := network{h.iface, h.ip.Is4()}
		if h.virtual || served[n] {
			continue
		}
		served[n] = true
		for _, server := range s.relays {
			k := keeperKey{h.ip, h.iface, server.host}
			if len(keys) < maxRelays && len(s.names.addrs(server.host, h.ip)) > 0 && !slices.Contains(keys, k) {
				keys = append(keys, k)
			}
		}
	}
	return keys
}

// reconcileRelays begins and ends the keeping of relays.
func (s *gathering) reconcileRelays() {
	keys := s.wantedRelays()
	for key, k := range s.keepers {
		if !slices.Contains(keys, key) {
			k.stop()
			delete(s.keepers, key)
		}
	}
	for _, key := range keys {
		server := s.relays[slices.IndexFunc(s.relays, func(r relayServer) bool { return r.host == key.server })]
		addrs := s.names.addrs(server.host, key.ip)
		if k := s.keepers[key]; k != nil {
			k.set(server, addrs)
			continue
		}
		s.keepers[key] = s.keepRelay(key, server, addrs)
	}
}

// keepRelay begins to keep an allocation.
func (s *gathering) keepRelay(key keeperKey, server relayServer, addrs []netip.Addr) *keptRelay {
	h := s.hosts[slices.IndexFunc(s.hosts, func(h host) bool { return h.ip == key.ip && h.iface == key.iface })]
	ctx, stop := context.WithCancel(s.ctx)
	kept := &keptRelay{stop: stop}
	opener := &relayOpener{deliver: s.wire.receive, log: s.log}
	kept.relayKeeper = newRelayKeeper(h, opener.open, s.log, func(live []*relay, err error) {
		s.do(func(s *gathering) {
			kept.live, kept.err = live, err
			s.tellLocals()
		})
	})
	kept.set(server, addrs)
	s.tasks.Go(func() { kept.run(ctx) })
	return kept
}

// keepersInOrder lists them as wantedRelays does.
func (s *gathering) keepersInOrder() []*keptRelay {
	var list []*keptRelay
	for _, key := range s.wantedRelays() {
		if k := s.keepers[key]; k != nil {
			list = append(list, k)
		}
	}
	return list
}
