package relay

import (
	"bytes"
	"net/netip"
	"testing"
	"time"
)

// sendAndReceive sends messages in one batch and returns what arrives.
func sendAndReceive(t *testing.T, ip netip.Addr, single bool, lengths []int) (received []int, from netip.AddrPort) {
	t.Helper()
	var sockets [2]*socket
	for i := range sockets {
		s, err := openSocket(netip.AddrPortFrom(ip, 0), 1<<20, false)
		if err != nil {
			t.Skip(err)
		}
		defer s.Close()
		s.onArrival(func(*batch) bool { return true })
		sockets[i] = s
	}
	sockets[0].single.Store(single)
	b := batches.Get().(*batch)
	defer b.release()
	var messages [][]byte
	for i, n := range lengths {
		messages = append(messages, bytes.Repeat([]byte{byte(i)}, n))
	}
	if sent := b.send(sockets[0], sockets[1].local, messages); sent != len(messages) {
		t.Errorf("%d of %d were sent", sent, len(messages))
	}
	_ = sockets[1].SetReadDeadline(time.Now().Add(patience))
	for len(received) < len(lengths) {
		in, err := sockets[1].receive()
		if err != nil {
			t.Fatalf("after %d datagrams: %v", len(received), err)
		}
		for i := range in.n {
			if p := in.packet(i); len(p) > 0 && p[0] != byte(len(received)) {
				t.Errorf("datagram %d has the content of %d", len(received), p[0])
			}
			received = append(received, in.size[i])
			from = in.from[i]
		}
		in.release()
	}
	if from != sockets[0].local {
		t.Errorf("from %v, want %v", from, sockets[0].local)
	}
	return received, from
}

func TestBatchArrivesAsItWasSent(t *testing.T) {
	for name, lengths := range map[string][]int{
		"one":                 {1200},
		"equal":               {1200, 1200, 1200, 1200},
		"shorter at the end":  {1200, 1200, 700},
		"longer in between":   {100, 100, 1500, 100},
		"falling":             {5, 4, 3, 2, 1},
		"empty":               {0, 0, 5, 0, 0},
		"as many as possible": equal(batchSize, 1204),
		"longest":             equal(batchSize, maxDatagram-1),
	} {
		for _, ip := range []netip.Addr{loopback, netip.IPv6Loopback()} {
			for _, single := range []bool{false, true} {
				if len(lengths) > batchSize {
					continue // without batches
				}
				got, _ := sendAndReceive(t, ip, single, lengths)
				for i := range got {
					if got[i] != lengths[i] {
						t.Errorf("%s, %v, single %v: lengths %v, want %v", name, ip, single, got, lengths)
						break
					}
				}
			}
		}
	}
}

func equal(n, length int) (lengths []int) {
	for range n {
		lengths = append(lengths, length)
	}
	return lengths
}

// A datagram that is too long for us is no datagram; the next is.
func TestTooLongDatagramIsEmpty(t *testing.T) {
	s, err := openSocket(anyPort, 1<<20, false)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.onArrival(func(*batch) bool { return true })
	c := udpSocket(t)
	for _, n := range []int{maxDatagram + 1, 100} {
		if _, err := c.WriteToUDPAddrPort(make([]byte, n), s.local); err != nil {
			t.Fatal(err)
		}
	}
	_ = s.SetReadDeadline(time.Now().Add(patience))
	var got []int
	for len(got) < 2 {
		b, err := s.receive()
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, b.size[:b.n]...)
		b.release()
	}
	if got[0] != 0 || got[1] != 100 {
		t.Errorf("lengths %v, want 0 and 100", got)
	}
}

// What cannot be sent is given up, one datagram after the other.
func TestSendToNowhere(t *testing.T) {
	s, err := openSocket(anyPort, 1<<20, false)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	b := batches.Get().(*batch)
	defer b.release()
	messages := [][]byte{{1}, {2}, {3, 3}, {4}}[:min(4, batchSize)]
	if sent := b.send(s, netip.AddrPortFrom(loopback, 0), messages); sent != 0 {
		t.Errorf("%d datagrams were sent to port 0", sent)
	}
	s.Close()
	if sent := b.send(s, netip.AddrPortFrom(loopback, 9999), messages); sent != 0 {
		t.Errorf("%d datagrams were sent by a closed socket", sent)
	}
}
