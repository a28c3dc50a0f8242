package relay

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"
)

const (
	measuredPacket = 1200                 // bytes of payload: QUIC's, of a call
	inFlight       = 128                  // packets between sender and receiver at full load: both servers' buffers hold them
	lossAfter      = 5 * time.Millisecond // without a packet: those under way are lost
	fullLoad       = 2 * time.Second
	moderateLoad   = 3 * time.Second
	moderateRate   = 2000 // packets/s
	measuredFlows  = 32   // allocations that send in turns
)

// way is how packets of a measurement go: out of some sockets to some addresses,
// in by others.
type way struct {
	out []flow
	in  []*socket
}

// flow is a socket to send from, an address to send to, and what goes ahead of
// each packet.
type flow struct {
	from *socket
	to   netip.AddrPort
	head []byte
}

// figures are the results of a measurement.
type figures struct {
	rate     float64 // packets/s received
	perCPU   float64 // packets received for each second of the server's CPU time
	busy     float64 // share of a core that the server used
	lost     float64 // share of the packets
	p50, p99 time.Duration
}

// load sends over w with at most inFlight packets under way, burst of them at once
// on each flow, and counts what arrives. It never sleeps, so that nothing but the
// server is waited for.
func load(w way, burst int, d time.Duration) (received, lost int) {
	b := batches.Get().(*batch)
	defer b.release()
	payload := make([]byte, measuredPacket)
	start := time.Now()
	progress := start
	for sent, next := 0, 0; ; next++ {
		now := time.Now()
		if now.Sub(start) >= d {
			return received, lost
		}
		if sent-lost-received <= inFlight-burst {
			f := w.out[next%len(w.out)]
			sent += b.send(f.from, f.to, repeated(b, f, payload, burst))
		}
		if n := poll(w.in[next%len(w.in)]); n > 0 {
			received += n
			progress = now
		} else if now.Sub(progress) > lossAfter {
			lost = sent - received
			progress = now
		}
	}
}

// repeated returns a flow's packet n times.
func repeated(b *batch, f flow, payload []byte, n int) [][]byte {
	packet := append(append(b.data[0][:0], f.head...), payload...)
	b.messages = b.messages[:0]
	for range n {
		b.messages = append(b.messages, packet)
	}
	return b.messages
}

// poll receives what has arrived, without waiting.
func poll(s *socket) (n int) {
	_ = s.raw.Control(func(fd uintptr) { s.arrival.try(fd) })
	if b := s.arrival.batch; b != nil {
		n = b.n
		s.arrival.batch = nil
		b.release()
	}
	return n
}

// delays sends at a moderate rate over w, evenly, and returns how long each packet took.
func delays(w way, d time.Duration) []time.Duration {
	var mu sync.Mutex
	var out []time.Duration
	zero := time.Now()
	stop := receiveAll(w.in, func(b *batch) {
		now := time.Since(zero)
		mu.Lock()
		defer mu.Unlock()
		for i := range b.n {
			p := b.packet(i)
			if isChannelData(p) && len(p) > measuredPacket {
				p = p[channelHeader:]
			}
			out = append(out, now-time.Duration(binary.BigEndian.Uint64(p[8:])))
		}
	})
	b := batches.Get().(*batch)
	for i := 0; time.Since(zero) < d; i++ {
		time.Sleep(time.Duration(i)*time.Second/moderateRate - time.Since(zero))
		f := w.out[i%len(w.out)]
		message := append(append([]byte(nil), f.head...), make([]byte, measuredPacket)...)
		binary.BigEndian.PutUint64(message[len(f.head)+8:], uint64(time.Since(zero)))
		b.send(f.from, f.to, [][]byte{message})
	}
	b.release()
	time.Sleep(50 * time.Millisecond)
	stop()
	mu.Lock()
	defer mu.Unlock()
	slices.Sort(out)
	return out
}

// receiveAll calls handle for what arrives on sockets until stop.
func receiveAll(sockets []*socket, handle func(*batch)) (stop func()) {
	var wg sync.WaitGroup
	for _, s := range sockets {
		_ = s.SetReadDeadline(time.Time{})
		wg.Go(func() {
			for {
				b, err := s.receive()
				if err != nil {
					return
				}
				handle(b)
				b.release()
			}
		})
	}
	return func() {
		for _, s := range sockets {
			_ = s.SetReadDeadline(time.Now())
		}
		wg.Wait()
	}
}

// ways makes allocations on a server and returns the ways through it.
func ways(t *testing.T, server netip.AddrPort) (toPeer, toClient way) {
	t.Helper()
	peer := measuredSocket(t)
	toPeer, toClient = way{in: []*socket{peer}}, way{}
	for i := range measuredFlows {
		username, password := credentials(fmt.Sprint("user-", i))
		c := newClient(t, server, username, password)
		relayed := c.mustAllocate()
		if err := c.bind(firstChannel, peer.local); err != nil {
			t.Fatal(err)
		}
		s := takeOver(t, c)
		head := putChannelHeader(make([]byte, channelHeader+measuredPacket), firstChannel)[:channelHeader]
		toPeer.out = append(toPeer.out, flow{from: s, to: server, head: head})
		toClient.out = append(toClient.out, flow{from: peer, to: relayed})
		toClient.in = append(toClient.in, s)
	}
	return toPeer, toClient
}

// single returns the first flow of w.
func (w way) single() way {
	w.out = w.out[:1]
	return w
}

func measuredSocket(t *testing.T) *socket {
	t.Helper()
	s, err := openSocket(anyPort, udpBuffer, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	s.onArrival(everything)
	return s
}

// takeOver makes a socket of a client's.
func takeOver(t *testing.T, c *client) *socket {
	t.Helper()
	s := &socket{UDPConn: c.conn, local: addrPortOf(c.conn.LocalAddr())}
	raw, err := c.conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	_ = c.conn.SetReadBuffer(udpBuffer)
	s.raw = raw
	s.onArrival(everything)
	return s
}

// everything leaves a batch to whoever receives.
func everything(*batch) (rest bool) { return true }
