//go:build !linux

package relay

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
)

// batchSize is one: without recvmmsg a batch is a datagram.
const batchSize = 1

const canShareAddress = false

type (
	vectors struct{}
	arrival struct{ handle func(*batch) (rest bool) }
)

func (*vectors) init(*batch) {}

func shareAddress(string, string, syscall.RawConn) error { return errors.ErrUnsupported }

func limitUnsent(*net.TCPConn) {}

// onArrival sets who sees each batch first: handle returns whether something in it
// is left for receive to return.
func (s *socket) onArrival(handle func(*batch) (rest bool)) { s.arrival.handle = handle }

// receive waits for datagrams which handle leaves something of. The batch is the
// caller's, who releases it.
func (s *socket) receive() (*batch, error) {
	b := batches.Get().(*batch)
	for {
		n, from, err := s.ReadFromUDPAddrPort(b.data[0][headroom:])
		if err != nil {
			b.release()
			return nil, err
		}
		if n == maxDatagram { // maybe longer
			n = 0
		}
		b.n, b.size[0] = 1, n
		b.from[0] = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		if s.arrival.handle(b) {
			return b, nil
		}
	}
}

// send sends messages to one address and returns how many the system took.
func (b *batch) send(s *socket, to netip.AddrPort, messages [][]byte) (sent int) {
	for _, m := range messages {
		if _, err := s.WriteToUDPAddrPort(m, to); err == nil {
			sent++
		}
	}
	return sent
}
