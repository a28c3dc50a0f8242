package relay

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/pion/turn/v5"
)

// A client that does not read costs its own packets, and neither the relay's memory
// nor its time.
func TestSlowStreamDropsItsOwn(t *testing.T) {
	s, _ := listenTest(t, testConfig())
	client, server := net.Pipe() // takes nothing that is not read
	defer client.Close()
	defer server.Close()
	f := newStreamFront(s, server)
	messages := make([][]byte, batchSize)
	for i := range messages {
		messages[i] = putChannelHeader(make([]byte, channelHeader+1001), firstChannel)
	}
	sent := 0
	for range 100 {
		sent += f.deliver(nil, netip.AddrPort{}, messages)
	}
	if most := maxUnsent / paddedLength(channelHeader+1001); sent != most {
		t.Errorf("%d packets were taken, want %d", sent, most)
	}
	if cap(f.unsent) > 2*maxUnsent {
		t.Errorf("%d bytes wait", cap(f.unsent))
	}
}

func TestStreamConnectionsAreBounded(t *testing.T) {
	c := testConfig()
	c.TCP = []netip.AddrPort{anyPort}
	c.Limits.Connections, c.Limits.ConnectionsPerSource = 10, 3
	s, metrics := listenTest(t, c)
	var conns []net.Conn
	for range 6 {
		conn, err := net.Dial("tcp", s.TCP()[0].String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conns = append(conns, conn)
	}
	closed := 0
	for _, conn := range conns {
		_ = conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			closed++
		}
	}
	if closed != 3 || metrics.refused(RefusedConnection) != 3 {
		t.Errorf("%d connections were closed, %d refused, want 3", closed, metrics.refused(RefusedConnection))
	}
	conns[0].Close()
	conns[1].Close()
	conns[2].Close()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		s.mu.Lock()
		left := s.streams.total
		s.mu.Unlock()
		if left == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d connections are still counted", left)
		}
	}
}

// Nonsense on a connection ends it, and nothing else.
func TestStreamNonsense(t *testing.T) {
	cert, key := writeCertificate(t)
	c := testConfig()
	c.TCP, c.TLS = []netip.AddrPort{anyPort}, []netip.AddrPort{anyPort}
	c.CertFile, c.KeyFile = cert, key
	s, _ := listenTest(t, c)
	for _, addr := range []netip.AddrPort{s.TCP()[0], s.TLS()[0]} {
		conn, err := net.Dial("tcp", addr.String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Write(bytes.Repeat([]byte("GET / HTTP/1.1\r\n"), 100)); err != nil {
			t.Fatal(err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(patience))
		if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%v: the connection is still open", addr)
		}
	}
	secure, err := tls.Dial("tcp", s.TLS()[0].String(), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer secure.Close()
	client := pionClient(t, s.TLS()[0], turn.NewSTUNConn(secure), "alice")
	relayed, err := client.Allocate()
	if err != nil {
		t.Fatal("after nonsense:", err)
	}
	relayed.Close()
}

// What a connection allocated ends with it.
func TestStreamEndsItsAllocation(t *testing.T) {
	c := testConfig()
	c.TCP = []netip.AddrPort{anyPort}
	s, _ := listenTest(t, c)
	conn, err := net.Dial("tcp", s.TCP()[0].String())
	if err != nil {
		t.Fatal(err)
	}
	client := pionClient(t, s.TCP()[0], turn.NewSTUNConn(conn), "alice")
	relayed, err := client.Allocate()
	if err != nil {
		t.Fatal(err)
	}
	defer relayed.Close()
	if n := s.Allocations(); n != 1 {
		t.Fatalf("%d allocations", n)
	}
	conn.Close()
	for deadline := time.Now().Add(patience); s.Allocations() > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the allocation lives on")
		}
	}
}
