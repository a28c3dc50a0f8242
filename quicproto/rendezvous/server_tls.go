package rendezvous

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"
)

// acceptPause follows an accept that failed: the system is out of something.
const acceptPause = 50 * time.Millisecond

// acceptTLS takes connections until the listener is closed.
func (s *Server) acceptTLS(ctx context.Context, l net.Listener) {
	for {
		conn, err := l.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			s.log.Warn("cannot accept connections", "error", err)
			time.Sleep(acceptPause)
			continue
		}
		config, shaken, err := s.Admit(conn)
		if err != nil {
			conn.Close()
			continue
		}
		s.running.Go(func() { shaken(shakeHands(ctx, conn, config)) })
	}
}

// shakeHands is the server's end of a TLS handshake; nil if it fails or takes too
// long.
func shakeHands(ctx context.Context, conn net.Conn, config *tls.Config) *tls.Conn {
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	secure := tls.Server(conn, config)
	if secure.HandshakeContext(ctx) != nil {
		conn.Close()
		return nil
	}
	return secure
}

// Admit is for a TLS listener that others share. It lets a client that names ALPN
// begin a handshake on its TCP connection, by the configuration that it returns, or
// refuses it: then the connection stays the listener's. When the handshake has ended,
// the listener calls shaken, once: with the TLS connection, which is the server's
// from then on, or with nil if the handshake has failed. Nobody is admitted but while
// Serve runs.
func (s *Server) Admit(conn net.Conn) (config *tls.Config, shaken func(*tls.Conn), err error) {
	from, err := s.enterTLS(conn.RemoteAddr())
	if err != nil {
		s.counters.refused.Add(1)
		return nil, nil, err
	}
	limitBuffers(conn)
	var once sync.Once
	return s.tlsConfig(), func(conn *tls.Conn) { once.Do(func() { s.shaken(from, conn) }) }, nil
}

func (s *Server) enterTLS(addr net.Addr) (*source, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.serving {
		return nil, errGoingAway
	}
	return s.door.enterTLS(time.Now(), addr)
}

// shaken ends a handshake, and serves the connection if there is one.
func (s *Server) shaken(from *source, conn *tls.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.door.shakeTLS(from)
	if conn == nil || !s.serving {
		s.door.leave()
		if conn != nil {
			conn.NetConn().Close()
		}
		return
	}
	s.running.Go(func() {
		defer s.leave()
		s.receive(newTLSLink(conn, true))
	})
}
