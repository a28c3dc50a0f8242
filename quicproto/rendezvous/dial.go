package rendezvous

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/quic-go/quic-go"
)

// dialStagger is how long an address has before the next is tried beside it (RFC
// 8305): the answer of a server on another continent takes less.
const dialStagger = 400 * time.Millisecond

// dialler connects to the first of several addresses that answers.
type dialler struct {
	listen func() (net.PacketConn, error)
	tls    *tls.Config
}

type dialResult struct {
	session *session
	err     error
}

// race tries addresses in turn, each a little later than the one before, or as soon
// as all before have failed. The others are given up when one has answered. If none
// does, it returns the error of the first.
func (d *dialler) race(ctx context.Context, addrs []netip.AddrPort) (*session, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan dialResult, len(addrs))
	begin := func(i int) {
		go func() {
			s, err := d.dial(ctx, addrs[i])
			results <- dialResult{s, err}
		}()
	}
	begun, ended := 0, 0
	var failed error
	stagger := time.NewTimer(0)
	defer stagger.Stop()
	for ended < len(addrs) {
		select {
		case <-stagger.C:
			if begun < len(addrs) {
				begin(begun)
				begun++
				stagger.Reset(dialStagger)
			}
		case r := <-results:
			ended++
			if r.err == nil {
				cancel()
				abandon(results, begun-ended)
				return r.session, nil
			}
			if failed == nil {
				failed = r.err
			}
			if ended == begun {
				stagger.Reset(0)
			}
		}
	}
	return nil, failed
}

// abandon waits for attempts that were given up, and ends what came of them all the
// same.
func abandon(results <-chan dialResult, n int) {
	for range n {
		if r := <-results; r.err == nil {
			r.session.close(closeDone)
			r.session.release()
		}
	}
}

// dial connects to one address.
func (d *dialler) dial(ctx context.Context, addr netip.AddrPort) (*session, error) {
	socket, err := d.listen()
	if err != nil {
		return nil, fmt.Errorf("open a socket: %w", err)
	}
	transport := &quic.Transport{Conn: socket}
	w, err := d.open(ctx, transport, addr)
	if err != nil {
		transport.Close()
		socket.Close()
		return nil, fmt.Errorf("connect to the rendezvous server: %w", connectionError(err))
	}
	return &session{
		wire: w, addr: addr, transport: transport, socket: socket,
		goAway: make(chan struct{}), silent: make(chan struct{}, 1), done: make(chan struct{}),
		waiting: make(map[uint64]chan<- *answer),
	}, nil
}

func (d *dialler) open(ctx context.Context, transport *quic.Transport, addr netip.AddrPort) (*wire, error) {
	q, err := transport.Dial(ctx, net.UDPAddrFromAddrPort(addr), d.tls, quicConfig())
	if err != nil {
		return nil, err
	}
	stream, err := q.OpenStreamSync(ctx)
	if err != nil {
		q.CloseWithError(quic.ApplicationErrorCode(closeDone), "")
		return nil, err
	}
	w := newWire(q)
	w.attach(stream)
	return w, nil
}

// listenAnywhere opens a socket on any port.
func listenAnywhere() (net.PacketConn, error) { return net.ListenUDP("udp", nil) }
