package relay

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/turn/v5"
)

// neighbourTest is a neighbour that greets whoever it admits.
type neighbourTest struct {
	full             atomic.Bool
	admitted, failed atomic.Int32

	mu    sync.Mutex
	conns []*tls.Conn
}

const (
	neighbourProtocol = "neighbour/1"
	neighbourGreeting = "good morning"
)

// listenWithNeighbour starts a relay with a neighbour, whose certificate is another.
func listenWithNeighbour(t *testing.T, limits Limits) (*Server, *neighbourTest, [2]string) {
	t.Helper()
	c := testConfig()
	c.TLS, c.Limits = []netip.AddrPort{anyPort}, limits
	c.CertFile, c.KeyFile = writeCertificate(t)
	own, err := tls.LoadX509KeyPair(writeCertificate(t))
	if err != nil {
		t.Fatal(err)
	}
	n := new(neighbourTest)
	config := &tls.Config{NextProtos: []string{neighbourProtocol}, Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS13}
	c.Neighbour = &Neighbour{neighbourProtocol, func(conn net.Conn) (*tls.Config, func(*tls.Conn), error) {
		if n.full.Load() {
			return nil, nil, errors.New("full")
		}
		n.admitted.Add(1)
		return config, n.take, nil
	}}
	t.Cleanup(n.close)
	s, _ := listenTest(t, c)
	relays, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	return s, n, [2]string{relays.Leaf.SerialNumber.String(), own.Leaf.SerialNumber.String()}
}

func (n *neighbourTest) take(conn *tls.Conn) {
	if conn == nil {
		n.failed.Add(1)
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.conns = append(n.conns, conn)
	io.WriteString(conn, neighbourGreeting)
}

func (n *neighbourTest) close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.conns {
		c.Close()
	}
}

func dialTLS(s *Server, protocols ...string) (*tls.Conn, error) {
	return tls.Dial("tcp", s.TLS()[0].String(), &tls.Config{InsecureSkipVerify: true, NextProtos: protocols})
}

// Who names the neighbour's protocol gets the neighbour and its certificate, all
// others the relay and its own.
func TestNeighbour(t *testing.T) {
	s, n, serials := listenWithNeighbour(t, Limits{})
	for i, protocols := range [][]string{nil, {"stun.turn"}, {"h2", "stun.turn"}} {
		conn, err := dialTLS(s, protocols...)
		if err != nil {
			t.Fatal(protocols, err)
		}
		defer conn.Close()
		if got := conn.ConnectionState().PeerCertificates[0].SerialNumber.String(); got != serials[0] {
			t.Errorf("%v: the certificate is not the relay's", protocols)
		}
		client := pionClient(t, s.TLS()[0], turn.NewSTUNConn(conn), "alice")
		relayed, err := client.Allocate()
		if err != nil {
			t.Fatal(protocols, err)
		}
		defer relayed.Close()
		if got := s.Allocations(); got != i+1 {
			t.Errorf("%v: %d allocations", protocols, got)
		}
	}
	if n.admitted.Load() != 0 {
		t.Error("the neighbour was asked about clients of the relay")
	}
	for _, protocols := range [][]string{{neighbourProtocol}, {"stun.turn", neighbourProtocol}} {
		conn, err := dialTLS(s, protocols...)
		if err != nil {
			t.Fatal(protocols, err)
		}
		defer conn.Close()
		_ = conn.SetReadDeadline(time.Now().Add(patience))
		b := make([]byte, len(neighbourGreeting))
		if _, err := io.ReadFull(conn, b); err != nil || string(b) != neighbourGreeting {
			t.Errorf("%v: %q, %v", protocols, b, err)
		}
		if got := conn.ConnectionState().PeerCertificates[0].SerialNumber.String(); got != serials[1] {
			t.Errorf("%v: the certificate is not the neighbour's", protocols)
		}
	}
}

// Handshakes for the neighbour count for the relay, and connections do not.
func TestNeighbourTakesConnectionsOver(t *testing.T) {
	s, n, _ := listenWithNeighbour(t, Limits{Connections: 3, ConnectionsPerSource: 3, Source: 1000})
	for range 10 {
		conn, err := dialTLS(s, neighbourProtocol)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetReadDeadline(time.Now().Add(patience))
		if _, err := io.ReadFull(conn, make([]byte, len(neighbourGreeting))); err != nil {
			t.Fatal(err)
		}
	}
	awaitNoStreams(t, s)
	n.full.Store(true)
	if conn, err := dialTLS(s, neighbourProtocol); err == nil {
		conn.Close()
		t.Error("a client was let in whom the neighbour did not admit")
	}
	n.full.Store(false)
	if conn, err := tls.Dial("tcp", s.TLS()[0].String(), &tls.Config{NextProtos: []string{neighbourProtocol}}); err == nil {
		conn.Close()
		t.Fatal("a certificate that signs itself was taken")
	}
	awaitNoStreams(t, s)
	if n.failed.Load() != 1 || n.admitted.Load() != 11 {
		t.Errorf("%d admitted, %d failed", n.admitted.Load(), n.failed.Load())
	}
}

// awaitNoStreams waits until the relay counts no connection.
func awaitNoStreams(t *testing.T, s *Server) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		s.mu.Lock()
		left := s.streams.total + len(s.streams.open)
		s.mu.Unlock()
		if left == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d connections are still counted", left)
		}
	}
}

// Who says nothing, or little, is given up, whatever protocol it would have named.
func TestHandshakeThatNeverEnds(t *testing.T) {
	s, n, _ := listenWithNeighbour(t, Limits{})
	synctest.Test(t, func(t *testing.T) {
		for _, hello := range []string{"", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00\x00\x00"} { // a record, and then it would be a ClientHello
			client, server := net.Pipe()
			if !s.connect(server) {
				t.Fatal("a connection was refused")
			}
			f := newStreamFront(s, server)
			s.connected(f)
			var saying sync.WaitGroup
			saying.Go(func() {
				for _, b := range []byte(hello) {
					client.Write([]byte{b})
					time.Sleep(time.Second)
				}
			})
			began := time.Now()
			if f.shakeHands(s.tlsConfig()) {
				t.Errorf("%q is a handshake", hello)
			}
			if took := time.Since(began); took != handshakeTimeout {
				t.Errorf("%q: given up after %v", hello, took)
			}
			if _, err := client.Write([]byte{0}); err == nil {
				t.Errorf("%q: the connection is still there", hello)
			}
			saying.Wait()
		}
	})
	awaitNoStreams(t, s)
	if n.admitted.Load() != 0 {
		t.Error("the neighbour was asked")
	}
}
