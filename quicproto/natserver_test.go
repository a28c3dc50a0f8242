package quicproto

import (
	"net"
	"net/netip"
	"sync"
	"testing"

	"github.com/pion/stun/v4"
)

// natServer is a STUN server that sees its clients through a NAT.
type natServer struct {
	addr netip.AddrPort

	mu       sync.Mutex
	mapped   netip.AddrPort
	requests int
}

func startNATServer(t *testing.T) *natServer {
	t.Helper()
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	s := &natServer{addr: c.LocalAddr().(*net.UDPAddr).AddrPort(), mapped: netip.MustParseAddrPort("192.0.2.7:1001")}
	var serving sync.WaitGroup
	serving.Go(func() { s.serve(c) })
	t.Cleanup(func() {
		c.Close()
		serving.Wait()
	})
	return s
}

func (s *natServer) serve(c *net.UDPConn) {
	b := make([]byte, 2000)
	for {
		n, from, err := c.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		var m stun.Message
		if stun.Decode(b[:n], &m) != nil || m.Type != stun.BindingRequest {
			continue
		}
		s.mu.Lock()
		s.requests++
		c.WriteToUDPAddrPort(stunAnswerOf(m.TransactionID, s.mapped), from)
		s.mu.Unlock()
	}
}

// stunAnswerOf is what a server answers who sees a request come from mapped.
func stunAnswerOf(id stunID, mapped netip.AddrPort, extra ...stun.Setter) []byte {
	setters := append([]stun.Setter{stun.NewTransactionIDSetter(id), stun.BindingSuccess,
		&stun.XORMappedAddress{IP: mapped.Addr().AsSlice(), Port: int(mapped.Port())}}, extra...)
	return stun.MustBuild(setters...).Raw
}

func (s *natServer) rebind(mapped netip.AddrPort) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mapped = mapped
}

func (s *natServer) asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}
