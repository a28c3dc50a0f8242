package quicproto

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"slices"
	"strings"

	"github.com/pion/stun/v4"
)

// TURNServer is a relay (RFC 8656) and what it knows us by.
type TURNServer struct {
	// URL is as in RFC 7065: turn:HOST[:PORT][?transport=udp|tcp] or
	// turns:HOST[:PORT], which is TLS over TCP. Without a transport turn: means UDP,
	// and TCP where UDP does not come through. Servers of the same host are one,
	// with the credentials of the first, by UDP rather than TCP rather than TLS.
	URL                string
	Username, Password string
	TLS                *tls.Config // for turns:, or nil: the system's CAs and the name in the URL
}

// turnTransport is how a TURN server is spoken to, the better ones first.
type turnTransport uint8

const (
	turnUDP turnTransport = iota
	turnTCP
	turnTLS
)

func (t turnTransport) String() string { return [...]string{"udp", "tcp", "tls"}[t] }

// turnWay is one of the ways to a TURN server.
type turnWay struct {
	transport turnTransport
	port      uint16
}

// relayServer is a host with a TURN server: an allocation by one of the ways to it
// is enough.
type relayServer struct {
	host string
	ways []turnWay // the better ones first
	turnAccount
}

// turnAccount is what a TURN server knows us by, and we it.
type turnAccount struct {
	username, password string
	tls                *tls.Config
}

// Bounds of what is configured, by whoever.
const (
	maxServers = 8   // STUN or TURN, and names to be resolved for each
	maxTURNURL = 512 // bytes
)

// CheckServers says which server makes no sense, so that a person can be told before
// it is needed. The error wraps ErrServerName. Names are not resolved.
func CheckServers(stun []string, turn []TURNServer) error {
	for _, s := range stun {
		if _, err := parseSTUNServer(s); err != nil {
			return err
		}
	}
	for _, t := range turn {
		if _, _, err := parseTURNURL(t.URL); err != nil {
			return err
		}
	}
	return nil
}

// relayServers groups servers by host, at most maxServers, and says which make no
// sense.
func relayServers(list []TURNServer) ([]relayServer, []error) {
	var found []relayServer
	var problems []error
	for _, t := range list[:min(len(list), maxServers)] {
		host, ways, err := parseTURNURL(t.URL)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		i := slices.IndexFunc(found, func(s relayServer) bool { return s.host == host })
		if i < 0 {
			i = len(found)
			found = append(found, relayServer{host: host, turnAccount: turnAccount{t.Username, t.Password, t.TLS}})
		}
		found[i].addWays(ways)
	}
	return found, problems
}

func (s *relayServer) addWays(ways []turnWay) {
	for _, w := range ways {
		if !slices.Contains(s.ways, w) {
			s.ways = append(s.ways, w)
		}
	}
	slices.SortStableFunc(s.ways, func(a, b turnWay) int { return cmp.Compare(a.transport, b.transport) })
}

// parseTURNURL reads a URL as TURNServer describes it.
func parseTURNURL(s string) (host string, ways []turnWay, err error) {
	if len(s) > maxTURNURL {
		return "", nil, fmt.Errorf("%w: a TURN URL of %d bytes", ErrServerName, len(s))
	}
	u, err := stun.ParseURI(s)
	if err != nil {
		return "", nil, fmt.Errorf("%w: TURN server %q: %w", ErrServerName, s, err)
	}
	name, err := parseServerName(stripZone(u.Host), 0)
	if err != nil || u.Port < 1 || u.Port > 0xffff {
		return "", nil, fmt.Errorf("%w: TURN server %q has no proper host and port", ErrServerName, s)
	}
	port := uint16(u.Port)
	switch {
	case u.Scheme == stun.SchemeTypeTURNS && u.Proto == stun.ProtoTypeTCP:
		ways = []turnWay{{turnTLS, port}}
	case u.Scheme == stun.SchemeTypeTURN && u.Proto == stun.ProtoTypeTCP:
		ways = []turnWay{{turnTCP, port}}
	case u.Scheme == stun.SchemeTypeTURN && strings.Contains(s, "?"):
		ways = []turnWay{{turnUDP, port}}
	case u.Scheme == stun.SchemeTypeTURN:
		ways = []turnWay{{turnUDP, port}, {turnTCP, port}}
	default:
		return "", nil, fmt.Errorf("%w: TURN server %q is neither turn: nor turns: over TCP", ErrServerName, s)
	}
	return name.host, ways, nil
}

// stripZone drops the zone of an IPv6 address: it names an interface, and packets
// are sent from all of them.
func stripZone(host string) string {
	if i := strings.IndexByte(host, '%'); i >= 0 && strings.Contains(host[:i], ":") {
		return host[:i]
	}
	return host
}
