package peer

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/skulltech/prattle/quicproto"
)

// Members of a room on one network find each other by DNS-SD (RFC 6763) over Multicast
// DNS (RFC 6762): each announces itself when it comes, asks who is there, answers
// those who ask, and says goodbye. Several programs on one machine do so side by side.
//
//	discovery.go           opening, closing, what goes wrong
//	discovery_routine.go   the goroutines
//	discovery_sockets.go   multicast sockets, one for each family
//	discovery_dnssd.go     what is said when, without I/O: also
//	discovery_turns.go     whose turn it is, and
//	discovery_sightings.go who is there
//	discovery_message.go   messages as they are written, and
//	discovery_parse.go     as they are read
//
// # On the wire
//
//	_prattle._udp.local.             PTR      <instance>._prattle._udp.local.
//	<instance>._prattle._udp.local.  SRV      0 0 <port> <instance>.local.
//	<instance>._prattle._udp.local.  TXT      v=1  r=<tag>
//	<instance>.local.                A, AAAA  the member's addresses on that link
//
// all in one message. Instance is drawn at random for each run of the program; tag is
// the beginning of SHA-256("prattle room\0" instance, name of the room). Both are
// in hexadecimal digits. So a stranger learns that somebody is in a room, and where;
// and the room only by guessing its name. Neither names of people or machines nor
// peer IDs are told, and what is said proves nothing: that is up to QUIC.
//
// Three things are not as RFC 6762 has them, all for the sake of who waits for others
// to appear: questions come sooner after one another at first, announcements may
// follow within a quarter of a second (discovery_turns.go), and names are not probed
// for, for they are random. Questions of simple resolvers (section 6.7) stay unanswered.
//
// A word on libraries. pion/mdns looks for interfaces once, when it starts; it asks
// each second for as long as it looks; it neither announces what is registered nor says
// goodbye; it does not tell who has gone, or of more than one address; and what it
// keeps of others has no bound. So messages are made by x/net/dns/dnsmessage, and
// the little that remains is here.

// discoveryConfig is what to look for.
type discoveryConfig struct {
	room     string
	instance instance // of this run; its own announcements are not told of
	// listen is where the room listens: without an address, or with an unspecified one,
	// at all of this machine's.
	listen   netip.AddrPort
	announce bool
	log      *slog.Logger // may be nil
}

// ErrNoLAN is why nobody can be found: this machine is on no network that carries
// multicast.
var ErrNoLAN = errors.New("no network on which others could be found")

// discovery finds the members of a room that are on the same networks.
type discovery struct {
	log     *slog.Logger
	sockets []groupSocket
	found   chan sighting
	heard   chan heardMessage
	moved   chan struct{} // the networks may have changed
	trouble atomic.Pointer[error]

	ctx      context.Context
	cancel   context.CancelFunc
	routines sync.WaitGroup

	// Owned by routineDiscover.
	dnssd  *dnssd
	links  []quicproto.LocalLink
	joined map[groupKey]*net.Interface
	deaf   error // nothing is heard; nil if something is on one link at least
}

// groupKey is a group on a link.
type groupKey struct {
	socket groupSocket
	index  int
}

// heardMessage came from a link.
type heardMessage struct {
	by      int // interface, or 0 if the system does not tell
	from    netip.AddrPort
	message []byte
}

// openDiscovery begins to look for the members of a room. An error says that it can
// never succeed on this system; whether it can now, problem says.
func openDiscovery(cfg discoveryConfig) (*discovery, error) {
	var own *announced
	if cfg.announce {
		own = &announced{tag: tagOf(cfg.instance, cfg.room), listen: cfg.listen}
	}
	ofRoom := func(i instance, tag roomTag) bool { return tag == tagOf(i, cfg.room) }
	return openDNSSD(newDNSSD(cfg.instance, own, ofRoom, rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))), cfg.log)
}

func openDNSSD(mechanism *dnssd, log *slog.Logger) (*discovery, error) {
	sockets, err := openGroupSockets()
	if err != nil {
		return nil, err
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	d := &discovery{
		log:     log,
		sockets: sockets,
		found:   make(chan sighting, maxSightings),
		heard:   make(chan heardMessage),
		moved:   make(chan struct{}, 1),
		dnssd:   mechanism,
		joined:  make(map[groupKey]*net.Interface),
	}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	d.look()
	d.routines.Go(d.routineDiscover)
	d.routines.Go(d.routineWatch)
	for _, s := range sockets {
		d.routines.Go(func() { d.routineHear(s) })
	}
	return d, nil
}

// sightings tells of members: at once when one is new or has a new address, and again
// each few seconds while it is there. Who does not read misses some.
func (d *discovery) sightings() <-chan sighting { return d.found }

// problem is why nobody can be found at the moment: it is ErrNoLAN, or what the
// system says. Nil if all is well on one link at least.
func (d *discovery) problem() error {
	if err := d.trouble.Load(); err != nil {
		return *err
	}
	return nil
}

// Close says goodbye and waits until nothing of it runs.
func (d *discovery) Close() {
	d.cancel()
	d.routines.Wait()
}
