package relay

import (
	"net/netip"
	"time"
)

// expire closes the allocation when lifetime is over, however often it is refreshed.
func (a *allocation) expire(lifetime time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.expiry = time.AfterFunc(lifetime, func() { a.Close() })
}

// permits says whether addr holds a permission.
func (a *allocation) permits(addr netip.Addr) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.permitted[addr]
}

// permit notes a permission that pion has made; it asked hasRoomFor before.
func (a *allocation) permit(addr netip.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.permitted[addr] = true
}

// forbid notes that a permission of pion's has run out.
func (a *allocation) forbid(addr netip.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.permitted, addr)
}

// hasRoomFor says whether addr may be added to the permissions.
func (a *allocation) hasRoomFor(addr netip.Addr, limit int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.permitted[addr] || len(a.permitted) < limit
}

// hasRoomForChannel says whether a channel may be added.
func (a *allocation) hasRoomForChannel(number uint16, limit int) bool {
	list := *a.channels.Load()
	return list.byNumber(number) != nil || len(list) < limit
}

// bind notes a channel that pion has bound.
func (a *allocation) bind(number uint16, peer netip.AddrPort) {
	a.mu.Lock()
	defer a.mu.Unlock()
	v := a.server.settings.Load().policy.destination(peer)
	a.setChannels(a.channels.Load().with(channel{number, peer, v}))
}

// unbind notes that a channel of pion's has run out.
func (a *allocation) unbind(number uint16) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.setChannels(a.channels.Load().without(number))
}

// rejudge applies a policy that came later than the channels.
func (a *allocation) rejudge(p *policy) {
	a.mu.Lock()
	defer a.mu.Unlock()
	list := append(channels(nil), *a.channels.Load()...)
	for i := range list {
		list[i].verdict = p.destination(list[i].peer)
	}
	a.setChannels(list)
}

func (a *allocation) setChannels(l channels) { a.channels.Store(&l) }
