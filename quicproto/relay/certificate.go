package relay

import (
	"crypto/tls"
	"fmt"
	"sync/atomic"
)

// certificate is that of the TLS listeners. It may be replaced while they listen.
type certificate struct {
	current atomic.Pointer[tls.Certificate]
}

// load reads the PEM files. If that fails the certificate remains what it was.
func (c *certificate) load(certFile, keyFile string) error {
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return fmt.Errorf("load TLS certificate: %w", err)
	}
	c.current.Store(&pair)
	return nil
}

// tlsConfig is that of the TLS listeners. Clients that name a protocol (RFC 7443) are
// welcome like all others, but for those who name the neighbour's.
func (s *Server) tlsConfig() *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		GetCertificate:     func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return s.certificate.current.Load(), nil },
		GetConfigForClient: s.config.Neighbour.configFor,
	}
}
