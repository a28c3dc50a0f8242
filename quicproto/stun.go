package quicproto

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/pion/stun/v4"
)

// stunPort is where STUN and TURN servers listen by default (RFC 8489, section 18.6).
const stunPort = 3478

// stunID tells a STUN transaction from others. Nobody who does not see our packets
// can guess it.
type stunID = [stun.TransactionIDSize]byte

// stunAnswer is what a STUN server says.
type stunAnswer struct {
	id     stunID
	mapped netip.AddrPort // our address, as it sees it
	other  netip.AddrPort // another address of its own (RFC 5780), if it tells one
	code   stun.ErrorCode // of a refusal, or 0
}

var errNoAnswer = errors.New("not an answer to a binding request")

// longSoftware makes a request as long as its answer: careful servers answer an
// address that may be a spoofed one with no more than it has sent.
const longSoftware = "prattle (long enough to be answered)"

// greeting is an indication that no server answers. It is sent before a first
// request that cannot be made longer, and makes up for the length of its answer.
func greeting() []byte {
	m := new(stun.Message)
	// Only a setter can fail, and these do not.
	_ = m.Build(stun.TransactionID, stun.NewType(stun.MethodBinding, stun.ClassIndication), stun.NewSoftware(longSoftware+longSoftware))
	return m.Raw
}

// bindingRequest is the request to be told one's address, with extra attributes.
func bindingRequest(id stunID, extra ...stun.Setter) []byte {
	m := new(stun.Message)
	// Only a setter can fail, and these do not.
	_ = m.Build(append([]stun.Setter{stun.NewTransactionIDSetter(id), stun.BindingRequest}, extra...)...)
	if len(extra) == 0 {
		_ = stun.NewSoftware(longSoftware).AddTo(m)
	}
	return m.Raw
}

// parseSTUNAnswer reads the answer to a binding request.
func parseSTUNAnswer(b []byte) (stunAnswer, error) {
	var m stun.Message
	if err := stun.Decode(b, &m); err != nil {
		return stunAnswer{}, fmt.Errorf("parse STUN: %w", err)
	}
	a := stunAnswer{id: m.TransactionID}
	switch m.Type {
	case stun.BindingSuccess:
	case stun.BindingError:
		var code stun.ErrorCodeAttribute
		if err := code.GetFrom(&m); err != nil {
			return stunAnswer{}, fmt.Errorf("parse STUN error: %w", err)
		}
		a.code = code.Code
		return a, nil
	default:
		return stunAnswer{}, errNoAnswer
	}
	var mapped stun.XORMappedAddress
	if err := mapped.GetFrom(&m); err != nil {
		return stunAnswer{}, fmt.Errorf("parse STUN answer: %w", err)
	}
	if a.mapped = stunAddr(mapped.IP, mapped.Port); !reachable(a.mapped) {
		return stunAnswer{}, fmt.Errorf("parse STUN answer: nobody is at %v", a.mapped)
	}
	var other stun.OtherAddress
	if other.GetFrom(&m) == nil {
		a.other = stunAddr(other.IP, other.Port)
	}
	return a, nil
}

func stunAddr(ip net.IP, port int) netip.AddrPort {
	addr, _ := netip.AddrFromSlice(ip)
	return netip.AddrPortFrom(addr.Unmap(), uint16(port))
}

// reachable says whether a single machine can be at addr.
func reachable(addr netip.AddrPort) bool {
	ip := addr.Addr()
	return ip.IsValid() && addr.Port() != 0 && !ip.IsUnspecified() && !ip.IsMulticast() &&
		ip != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// serverName is where a server is, before its name is resolved.
type serverName struct {
	host string
	port uint16
}

func (s serverName) String() string { return net.JoinHostPort(s.host, strconv.Itoa(int(s.port))) }

// parseSTUNServer reads HOST, HOST:PORT or stun:HOST[:PORT] (RFC 7064).
func parseSTUNServer(s string) (serverName, error) {
	rest, _ := strings.CutPrefix(s, "stun:")
	name, err := parseServerName(rest, stunPort)
	if err != nil {
		return serverName{}, fmt.Errorf("%w: STUN server %q: %w", ErrServerName, s, err)
	}
	return name, nil
}

// maxServerName bounds the name of a server: DNS has no longer ones (RFC 1035).
const maxServerName = 255

func parseServerName(s string, port uint16) (serverName, error) {
	host := s
	if ip, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return serverName{ip.String(), port}, nil
	}
	if h, p, err := net.SplitHostPort(s); err == nil {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || n == 0 {
			return serverName{}, fmt.Errorf("%q is not a port", p)
		}
		host, port = h, uint16(n)
	}
	if host == "" || len(host) > maxServerName || strings.ContainsAny(host, "/:@?#[]% \t\r\n\x00") {
		if _, err := netip.ParseAddr(host); err != nil {
			return serverName{}, fmt.Errorf("%q is not the name of a host", host)
		}
	}
	return serverName{host, port}, nil
}
