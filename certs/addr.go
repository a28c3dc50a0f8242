package certs

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// ErrBadAddr is wrapped when an address is not HOST:PORT.
var ErrBadAddr = errors.New("not an address of the form HOST:PORT")

const (
	maxAddrs = 8   // addresses of one peer: more than one machine's direct, mapped and relay ones
	maxHost  = 253 // bytes in a DNS name (RFC 1035, section 3.1)
)

// splitAddr takes HOST:PORT apart. HOST is an IP address without a zone, which
// means nothing on another machine, or a DNS name.
func splitAddr(addr string) (host string, port uint16, err error) {
	if len(addr) > maxHost+len("[]:65535") {
		return "", 0, fmt.Errorf("%w: %d bytes long", ErrBadAddr, len(addr))
	}
	host, p, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, fmt.Errorf("%w: %s", ErrBadAddr, quote(addr))
	}
	n, err := strconv.ParseUint(p, 10, 16)
	if err != nil || n == 0 {
		return "", 0, fmt.Errorf("%w: port %s", ErrBadAddr, quote(p))
	}
	ip, err := netip.ParseAddr(host)
	if err == nil && ip.Zone() == "" || err != nil && hostName(host) {
		return host, uint16(n), nil
	}
	return "", 0, fmt.Errorf("%w: host %s", ErrBadAddr, quote(host))
}

// hostName says whether s can be a DNS name (RFC 1123, section 2.1) in ASCII.
func hostName(s string) bool {
	if s == "" || len(s) > maxHost || s[0] == '-' || s[0] == '.' || strings.Contains(s, "..") {
		return false
	}
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") == ""
}
