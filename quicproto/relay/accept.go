package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"time"
)

const (
	// handshakeTimeout bounds how long a TLS handshake may take.
	handshakeTimeout = 10 * time.Second
	// acceptPause follows an accept that failed: the system is out of something.
	acceptPause = 50 * time.Millisecond
)

// acceptAll takes connections until the listener is closed. With tlsConfig they
// begin with a handshake.
func (s *Server) acceptAll(l net.Listener, tlsConfig *tls.Config) {
	defer s.routines.Done()
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			s.log.Warn("relay: cannot accept connections", "error", err)
			time.Sleep(acceptPause)
			continue
		}
		if !s.connect(conn) {
			s.metrics.Refused(RefusedConnection)
			conn.Close()
			continue
		}
		s.routines.Add(1)
		go s.converse(conn, tlsConfig)
	}
}

// converse serves one connection.
func (s *Server) converse(conn net.Conn, tlsConfig *tls.Config) {
	defer s.routines.Done()
	if tcp, ok := conn.(*net.TCPConn); ok {
		limitUnsent(tcp)
	}
	f := newStreamFront(s, conn)
	if !s.connected(f) {
		return
	}
	if tlsConfig != nil && !f.shakeHands(tlsConfig) {
		return
	}
	if _, err := f.serve(f); err != nil {
		s.log.Error("relay: cannot serve a connection", "error", err)
		f.Close()
		return
	}
	f.write()
}

// shakeHands puts TLS on a connection, and says whether it stays here: it may end, or
// be the neighbour's.
func (f *streamFront) shakeHands(config *tls.Config) bool {
	ctx, cancel := context.WithTimeout(context.Background(), handshakeTimeout)
	defer cancel()
	g := &greeting{Conn: f.Conn}
	secure := tls.Server(g, config)
	err := secure.HandshakeContext(ctx)
	switch {
	case g.shaken == nil && err == nil:
		f.secure(secure)
		return true
	case g.shaken != nil && err == nil && f.part():
		g.shaken(secure)
		return false
	case g.shaken != nil:
		g.shaken(nil)
	}
	f.Close()
	return false
}

// streams are the TCP and TLS connections. It has no lock.
type streams struct {
	open    map[*streamFront]bool
	sources map[netip.Addr]int // connections of each
	total   int
}

// add counts a connection from addr if the limits have room for it.
func (t *streams) add(l Limits, addr netip.Addr) bool {
	addr = sourceOf(addr)
	if t.total >= l.Connections || t.sources[addr] >= l.ConnectionsPerSource {
		return false
	}
	t.total++
	t.sources[addr]++
	return true
}

// remove takes back one add.
func (t *streams) remove(addr netip.Addr) {
	addr = sourceOf(addr)
	t.total--
	if t.sources[addr]--; t.sources[addr] == 0 {
		delete(t.sources, addr)
	}
}
