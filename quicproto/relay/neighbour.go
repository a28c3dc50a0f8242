package relay

import (
	"crypto/tls"
	"net"
	"slices"
)

// Neighbour is another protocol that shares the TLS listeners. Its clients name it by
// ALPN (RFC 7301), those of the relay name none, or another.
type Neighbour struct {
	Protocol string

	// Admit is asked when a client on a TCP connection has named the protocol. It
	// returns the configuration of the handshake, and what is to be called once with
	// its outcome: the TLS connection, which then is the neighbour's and counts for the
	// relay no more, or nil. An error ends the connection.
	Admit func(net.Conn) (config *tls.Config, shaken func(*tls.Conn), err error)
}

// greeting is a connection whose client has yet to say which protocol it speaks.
type greeting struct {
	net.Conn
	shaken func(*tls.Conn) // not nil: the neighbour has admitted it
}

// configFor is the neighbour's configuration for a client who names its protocol, on
// a greeting; nil for others.
func (n *Neighbour) configFor(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	g, ok := hello.Conn.(*greeting)
	if n == nil || !ok || !slices.Contains(hello.SupportedProtos, n.Protocol) {
		return nil, nil
	}
	config, shaken, err := n.Admit(g.Conn)
	g.shaken = shaken
	return config, err
}
