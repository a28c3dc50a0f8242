package quicproto

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/stun/v4"
)

const (
	// askTimeout is the patience for the answer to one request: no call is good
	// with a longer round trip.
	askTimeout = 1 * time.Second
	// askTries is how often a request is sent that matters.
	askTries = 3
)

var errUnanswered = errors.New("no answer")

// asker is a socket of its own that asks STUN servers.
type asker struct {
	conn    *net.UDPConn
	reading sync.WaitGroup

	mu      sync.Mutex
	waiting map[stunID]chan<- askedAnswer
}

type askedAnswer struct {
	stunAnswer
	from netip.AddrPort
	at   time.Time
}

// openAsker opens one of the family of an address.
func openAsker(family netip.Addr) (*asker, error) {
	network := "udp6"
	if family.Is4() {
		network = "udp4"
	}
	conn, err := net.ListenUDP(network, nil)
	if err != nil {
		return nil, err
	}
	a := &asker{conn: conn, waiting: make(map[stunID]chan<- askedAnswer)}
	a.reading.Go(a.read)
	return a, nil
}

func (a *asker) close() {
	a.conn.Close()
	a.reading.Wait()
}

func (a *asker) port() uint16 { return addrPort(a.conn.LocalAddr()).Port() }

func (a *asker) read() {
	var b [maxTURNMessage]byte
	for {
		n, from, err := a.conn.ReadFromUDPAddrPort(b[:])
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if answer, err := parseSTUNAnswer(b[:n]); err == nil {
			a.handle(askedAnswer{answer, netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), time.Now()})
		}
	}
}

func (a *asker) handle(answer askedAnswer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if c := a.waiting[answer.id]; c != nil {
		delete(a.waiting, answer.id)
		c <- answer
	}
}

// askOnce sends one request and waits for its answer.
func (a *asker) askOnce(ctx context.Context, to netip.AddrPort, timeout time.Duration, extra ...stun.Setter) (askedAnswer, time.Duration, error) {
	id := stun.NewTransactionID()
	c := make(chan askedAnswer, 1)
	a.mu.Lock()
	a.waiting[id] = c
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.waiting, id)
	}()
	begin := time.Now()
	if _, err := a.conn.WriteToUDPAddrPort(bindingRequest(id, extra...), to); err != nil {
		return askedAnswer{}, 0, err
	}
	t := time.NewTimer(timeout)
	defer t.Stop()
	select {
	case answer := <-c:
		return answer, answer.at.Sub(begin), nil
	case <-t.C:
		return askedAnswer{}, 0, errUnanswered
	case <-ctx.Done():
		return askedAnswer{}, 0, ctx.Err()
	}
}

// ask repeats a request until it is answered.
func (a *asker) ask(ctx context.Context, to netip.AddrPort, extra ...stun.Setter) (answer askedAnswer, err error) {
	for range askTries {
		if answer, _, err = a.askOnce(ctx, to, stunTimeout, extra...); err == nil {
			return answer, nil
		}
	}
	return answer, err
}
