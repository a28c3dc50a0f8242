package quicproto

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
)

// connectionIDSize is the length in bytes of the connection IDs that our side
// chooses.
const connectionIDSize = 4

// connectionID is one of ours.
type connectionID uint32

// origin is where a packet comes from: an address, and the relay it came through,
// if any.
type origin struct {
	relay forwarder
	addr  netip.AddrPort
}

// routeTable finds the route by which a packet has come. Many routes may share an
// address: two calls to one peer, or a call and its successor. So connection IDs
// decide first, then the address.
type routeTable struct {
	mu      sync.RWMutex
	closed  bool
	plain   map[netip.AddrPort]*Route // in use, by their only address
	probes  map[routeID]*Route        // with probes
	ids     map[connectionID]*Route
	origins map[origin][]*Route // with probes, by the origins of these; the newest last
}

const (
	// maxRoutes bounds the routes with probes of an endpoint: calls, and devices that
	// might answer one.
	maxRoutes = 128
	// maxRouteIDs bounds the connection IDs known of a route: each lane has one at a
	// time and takes another every some thousand packets.
	maxRouteIDs = 2 * MaxLanes
	// maxRouteOrigins bounds the origins of a route: those of its pairs that work.
	maxRouteOrigins = 32
)

// Errors of NewRoute and Open.
var (
	errTooManyRoutes = errors.New("too many routes")
	errRouteTaken    = errors.New("there is a route with that secret")
	errRouteOpen     = errors.New("the route has probes already")
)

// find returns the route by which a QUIC packet has come from an origin. A packet
// that begins a connection belongs to the newest route that we do not dial on.
func (t *routeTable) find(from origin, b []byte) (*Route, bool) {
	id, ours := ownID(b)
	t.mu.RLock()
	defer t.mu.RUnlock()
	if r := t.ids[id]; ours && r != nil {
		return r, true
	}
	initial := b[0]&longHeader != 0 && !ours
	for _, r := range slices.Backward(t.origins[from]) {
		if !initial || !r.initiator {
			return r, true
		}
	}
	if from.relay == nil {
		if r := t.plain[from.addr]; r != nil {
			return r, true
		}
	}
	return nil, false
}

// ownID finds a connection ID of ours in a QUIC packet that arrives: a dialler
// makes longer ones up for us in its first packets.
func ownID(b []byte) (connectionID, bool) {
	id := destinationID(b)
	if id == nil || b[0]&longHeader != 0 && b[5] != connectionIDSize {
		return 0, false
	}
	return connectionID(binary.BigEndian.Uint32(id)), true
}

// probed returns the route that a probe names.
func (t *routeTable) probed(b []byte) *Route {
	id, ok := probeRoute(b)
	if !ok {
		return nil
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.probes[id]
}

// dial returns the plain route to an address, with one more user.
func (t *routeTable) dial(s *socket, to netip.AddrPort) *Route {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.plain[to]
	if r == nil {
		r = &Route{socket: s, name: to.String(), remote: to}
	}
	t.join(r)
	return r
}

// use counts one more user of a route: a connection, or an attempt at one.
func (t *routeTable) use(r *Route) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.join(r)
}

func (t *routeTable) join(r *Route) {
	r.users++
	if t.plain == nil {
		t.plain = make(map[netip.AddrPort]*Route)
	}
	if t.plain[r.remote] == nil && r.remote.IsValid() {
		t.plain[r.remote] = r
	}
}

// unuse counts one user less. A plain route that has none is forgotten.
func (t *routeTable) unuse(r *Route) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r.users--
	if r.users > 0 {
		return
	}
	if t.plain[r.remote] == r {
		delete(t.plain, r.remote)
	}
	if !r.probes {
		t.forgetIDs(r)
	}
}

// add puts a route with probes into the table.
func (t *routeTable) add(r *Route, id routeID) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.closed:
		return net.ErrClosed
	case t.probes[id] != nil:
		return errRouteTaken
	case len(t.probes) >= maxRoutes:
		return errTooManyRoutes
	case t.probes == nil:
		t.probes = make(map[routeID]*Route)
	}
	t.probes[id] = r
	r.probes = true
	return nil
}

// claim says that probes of r have come from an origin. What r has claimed before it
// has too many, it loses.
func (t *routeTable) claim(r *Route, from origin) {
	t.mu.RLock()
	known := slices.Contains(t.origins[from], r)
	t.mu.RUnlock()
	if known {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !r.probes {
		return
	}
	if t.origins == nil {
		t.origins = make(map[origin][]*Route)
	}
	if len(r.origins) >= maxRouteOrigins {
		t.disown(r, r.origins[0])
		r.origins = slices.Delete(r.origins, 0, 1)
	}
	r.origins = append(r.origins, from)
	t.origins[from] = append(t.origins[from], r)
}

func (t *routeTable) disown(r *Route, from origin) {
	rest := slices.DeleteFunc(t.origins[from], func(other *Route) bool { return other == r })
	if len(rest) == 0 {
		delete(t.origins, from)
		return
	}
	t.origins[from] = rest
}

// learn notes that packets with a connection ID come by r, and forgets the one that
// r has used longest ago if it has too many.
func (t *routeTable) learn(r *Route, id connectionID) {
	t.mu.RLock()
	known := t.ids[id] == r
	t.mu.RUnlock()
	if known {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if r.users == 0 && !r.probes {
		return
	}
	if t.ids == nil {
		t.ids = make(map[connectionID]*Route)
	}
	if old := t.ids[id]; old != nil {
		old.ids = slices.DeleteFunc(old.ids, func(i connectionID) bool { return i == id })
	}
	if len(r.ids) >= maxRouteIDs {
		delete(t.ids, r.ids[0])
		r.ids = slices.Delete(r.ids, 0, 1)
	}
	r.ids = append(r.ids, id)
	t.ids[id] = r
}

func (t *routeTable) forgetIDs(r *Route) {
	for _, id := range r.ids {
		delete(t.ids, id)
	}
	r.ids = nil
}

// forget takes a route out of the table that had probes.
func (t *routeTable) forget(r *Route, id routeID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r.probes = false
	delete(t.probes, id)
	if t.plain[r.remote] == r {
		delete(t.plain, r.remote)
	}
	for _, from := range r.origins {
		t.disown(r, from)
	}
	r.origins = nil
	t.forgetIDs(r)
}

// open returns the routes with probes.
func (t *routeTable) open() (routes []*Route) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, r := range t.probes {
		routes = append(routes, r)
	}
	return routes
}

// closeAll ends the probes of all routes, and takes no more.
func (t *routeTable) closeAll() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	for _, r := range t.open() {
		r.Close()
	}
}
