package relay

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"
)

// Config says what a Server does. The fields from Secrets on may change while it
// runs (Server.Reload).
type Config struct {
	// UDP, TCP and TLS are the addresses to listen on. An unspecified address
	// stands for all addresses of the machine in that family. Port 0 takes a free one.
	UDP, TCP, TLS []netip.AddrPort

	// Sockets is how many UDP sockets share each address, so that several cores
	// can receive (SO_REUSEPORT, Linux). Zero: one for each core.
	Sockets int

	// Relay is where relayed addresses are taken from, at most one for each family.
	// Clients can ask for a relayed address of those families alone.
	Relay []Address

	// Ports is the range of relayed ports. Zero: 49152 to 65535 (RFC 8656, section 7.2).
	Ports PortRange

	// Realm names the domain of the credentials. Keep it short: it is part of the
	// answer to unproven sources. Empty: "prattle".
	Realm string

	// Secrets are what passwords are made from (Credentials): all of them are
	// accepted. To exchange one put the new one beside it until no credentials
	// made with the old one are left.
	Secrets []string

	// Limits bounds what clients may use. A zero field stands for its default.
	Limits Limits

	// Allow lists networks that are valid destinations although they are not part of
	// the public Internet or belong to this machine; Deny lists networks that
	// are not, although they are. Deny goes before Allow.
	Allow, Deny []netip.Prefix

	// CertFile and KeyFile hold the PEM certificate chain and key for TLS. Reload
	// reads them again.
	CertFile, KeyFile string

	// Neighbour is another protocol on the TLS listeners. Nil: there is none.
	Neighbour *Neighbour

	// Metrics is told what happens. Nil: nobody is.
	Metrics Metrics

	// Log gets records without addresses at level info and above. Nil: no log.
	Log *slog.Logger
}

// Address is an address of this machine on which relayed ports are opened.
type Address struct {
	Local netip.Addr
	// Public is what clients are told, where a NAT maps it one to one to Local
	// with all ports. Zero: Local.
	Public netip.Addr
}

// PortRange is a range of ports, both ends included.
type PortRange struct{ First, Last uint16 }

// Limits bounds what clients may use.
type Limits struct {
	Allocations        int // in all; each is a socket
	AllocationsPerUser int

	// Allocation and User bound the packets that are relayed, both directions together.
	Allocation, User Rate

	// Lifetime is when an allocation ends even if it is refreshed. Its credentials
	// need only be valid when it begins, as with coturn.
	Lifetime time.Duration

	// Permissions bounds the peers' addresses that an allocation may send to at a
	// time, and the channels likewise.
	Permissions int

	// Source and Unproven bound the requests of one source that holds no
	// allocation (an IPv4 address, or an IPv6 network of 64 bits), and those of all
	// of them: per second, with bursts of five seconds' worth.
	Source, Unproven int

	// UnprovenRatio is how many bytes a UDP source that holds no allocation is sent
	// for each that came from it. Three (as in RFC 9000, section 8) answers most
	// clients at their first request.
	UnprovenRatio float64

	// Connections bounds the TCP and TLS connections in all, and those from one source.
	Connections, ConnectionsPerSource int
}

// Rate is an average over a second; a second's worth may come at once.
type Rate struct {
	Packets int // per second
	Bytes   int // per second
}

// DefaultLimits suits a server for some hundred calls at a time.
var DefaultLimits = Limits{
	Allocations:        4096,
	AllocationsPerUser: 16,                                       // a few devices, each with two networks and two families
	Allocation:         Rate{Packets: 4_000, Bytes: 3_000_000},   // 24 Mbit/s: a room's worth of pictures
	User:               Rate{Packets: 12_000, Bytes: 10_000_000}, // 80 Mbit/s
	Lifetime:           24 * time.Hour,
	Permissions:        128, // a room of eight with 16 candidates each
	Source:             20,  // an office behind one address
	Unproven:           4_000,
	UnprovenRatio:      1,

	Connections:          1024,
	ConnectionsPerSource: 32,
}

// withDefaults fills in what is zero.
func (l Limits) withDefaults() Limits {
	d := DefaultLimits
	return Limits{
		Allocations:          orDefault(l.Allocations, d.Allocations),
		AllocationsPerUser:   orDefault(l.AllocationsPerUser, d.AllocationsPerUser),
		Allocation:           l.Allocation.withDefaults(d.Allocation),
		User:                 l.User.withDefaults(d.User),
		Lifetime:             orDefault(l.Lifetime, d.Lifetime),
		Permissions:          orDefault(l.Permissions, d.Permissions),
		Source:               orDefault(l.Source, d.Source),
		Unproven:             orDefault(l.Unproven, d.Unproven),
		UnprovenRatio:        orDefault(l.UnprovenRatio, d.UnprovenRatio),
		Connections:          orDefault(l.Connections, d.Connections),
		ConnectionsPerSource: orDefault(l.ConnectionsPerSource, d.ConnectionsPerSource),
	}
}

func (r Rate) withDefaults(d Rate) Rate {
	return Rate{Packets: orDefault(r.Packets, d.Packets), Bytes: orDefault(r.Bytes, d.Bytes)}
}

func orDefault[T int | float64 | time.Duration](v, d T) T {
	if v == 0 {
		return d
	}
	return v
}

const (
	defaultRealm = "prattle"
	maxRealm     = 63 // bytes: the length of a DNS label; RFC 8489 would allow 763
)

var defaultPorts = PortRange{First: 49152, Last: 65535}

// withDefaults fills in what is zero and checks the rest.
func (c Config) withDefaults() (Config, error) {
	if c.Realm == "" {
		c.Realm = defaultRealm
	}
	if c.Ports == (PortRange{}) {
		c.Ports = defaultPorts
	}
	if c.Metrics == nil {
		c.Metrics = noMetrics{}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.Limits = c.Limits.withDefaults()
	return c, c.check()
}

func (c Config) check() error {
	switch {
	case len(c.UDP)+len(c.TCP)+len(c.TLS) == 0:
		return errors.New("no address to listen on")
	case len(c.Relay) == 0:
		return errors.New("no address to relay from")
	case c.Ports.First < minPort || c.Ports.Last < c.Ports.First:
		return fmt.Errorf("relayed ports %d to %d: not a range above %d", c.Ports.First, c.Ports.Last, minPort-1)
	case len(c.Realm) > maxRealm:
		return fmt.Errorf("realm of %d bytes: more than %d", len(c.Realm), maxRealm)
	case len(c.TLS) > 0 && (c.CertFile == "" || c.KeyFile == ""):
		return errors.New("TLS without a certificate")
	}
	if err := checkSecrets(c.Secrets); err != nil {
		return err
	}
	return checkRelay(c.Relay)
}

// checkRelay wants one usable address of a family.
func checkRelay(relay []Address) error {
	var v4, v6 int
	for _, a := range relay {
		if !a.Local.IsValid() || a.Local.IsUnspecified() || a.Local.Is4In6() || a.Local.Zone() != "" {
			return fmt.Errorf("relay address %v: need one address of this machine", a.Local)
		}
		if a.Public.IsValid() && a.Public.Is4() != a.Local.Is4() {
			return fmt.Errorf("relay address %v: its public address %v is of the other family", a.Local, a.Public)
		}
		if a.Local.Is4() {
			v4++
		} else {
			v6++
		}
	}
	if v4 > 1 || v6 > 1 {
		return errors.New("more than one relay address of a family")
	}
	return nil
}
