package quicproto

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/quic-go/quic-go"
)

// lane is one QUIC connection of a Conn. Datagrams go by whichever lane has room.
//
// Why several: quic-go's congestion control is NewReno, which takes random loss
// for congestion; a path with 10 % loss and 40 ms round trip carries 1.1 Mbit/s
// of it, however fast it is. Several connections lift that ceiling in
// proportion, while our own delay-based rate sees to it that together they take
// no more than the path has.
//
// A lane takes a datagram only when QUIC would put it on the wire at once: the
// congestion window has room and the one before has left. So nothing waits in
// quic-go's queue, which knows no priority and no deadline; it waits in ours.
type lane struct {
	quic   *quic.Conn
	gauge  *gauge
	queued uint64 // datagrams given to QUIC
}

// Datagram sizes in bytes of DATAGRAM payload.
const (
	// maxDatagramSize is for a path of the usual MTU; larger packets gain little
	// and lose more at once.
	maxDatagramSize = 1150
	// streamRoom is left free in each QUIC packet: quic-go fills packets with
	// datagrams first and adds a stream frame only where 128 bytes remain, so
	// that full-size datagrams would starve the control stream. An ACK may take
	// the rest.
	streamRoom = 160
	// minDatagramSize is what a path of the smallest QUIC MTU (1,200 bytes,
	// RFC 9000 section 14) carries, with that room.
	minDatagramSize = 1000
)

// fitDatagram is the size to use where QUIC says that limit bytes fit.
func fitDatagram(limit int64) int64 { return min(limit-streamRoom, maxDatagramSize) }

// datagramSize asks quic-go what fits by offering something that cannot.
func (l *lane) datagramSize() int64 {
	var tooLarge *quic.DatagramTooLargeError
	if errors.As(l.quic.SendDatagram(make([]byte, 1<<16)), &tooLarge) {
		return fitDatagram(tooLarge.MaxDatagramPayloadSize)
	}
	return minDatagramSize
}

// join puts a lane into service. A Conn that has ended closes it.
func (c *Conn) join(l *lane) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing.Load() {
		l.quic.CloseWithError(quic.ApplicationErrorCode(CloseNormal), "")
		return
	}
	c.lanes = append(c.lanes, l)
	c.routines.Add(2)
	go c.routineSendDatagrams(l)
	go c.routineReceiveDatagrams(l)
}

// leave takes a lane out of service. The first one takes the Conn with it.
func (c *Conn) leave(l *lane, err error) {
	if l.quic == c.quic {
		c.fail(CloseProtocol, err)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lanes = slices.DeleteFunc(c.lanes, func(other *lane) bool { return other == l })
}

func (c *Conn) routineSendDatagrams(l *lane) {
	defer c.routines.Done()
	for l.awaitRoom(c.done) {
		select {
		case b := <-c.outgoing:
			c.sendDatagram(l, b)
		case <-l.quic.Context().Done():
			return
		case <-c.done:
			return
		}
	}
}

// roomPatience bounds the wait for a datagram to leave: quic-go drops one
// without a word when the path's MTU has shrunk meanwhile.
const roomPatience = 100 * time.Millisecond

// awaitRoom waits until QUIC would send the next datagram at once; false when
// the lane has ended.
func (l *lane) awaitRoom(done <-chan struct{}) bool {
	var patience <-chan time.Time
	for {
		room, left := l.gauge.read()
		if room && left == l.queued {
			return true
		}
		if left != l.queued && patience == nil {
			patience = time.After(roomPatience)
		}
		select {
		case <-l.gauge.changed:
		case <-patience:
			l.queued, patience = left, nil
		case <-l.quic.Context().Done():
			return false
		case <-done:
			return false
		}
	}
}

func (c *Conn) sendDatagram(l *lane, b []byte) {
	err := l.quic.SendDatagram(b)
	var tooLarge *quic.DatagramTooLargeError
	switch {
	case err == nil:
		l.queued++
	case errors.As(err, &tooLarge):
		c.tooLarge.Add(1)
		c.maxDatagram.Store(fitDatagram(tooLarge.MaxDatagramPayloadSize))
	default:
		c.leave(l, err)
	}
}

// datagramRate bounds what a lane takes in: 37 Mbit/s in datagrams of full size.
// A peer that floods us costs us no more than that.
var datagramRate = allowance{rate: 4000, burst: 2000}

func (c *Conn) routineReceiveDatagrams(l *lane) {
	defer c.routines.Done()
	var flood bucket
	for {
		b, err := l.quic.ReceiveDatagram(context.Background())
		if err != nil {
			c.leave(l, err)
			return
		}
		now := time.Now()
		if !flood.take(now, datagramRate, 1) {
			c.overflow.Add(1)
			continue
		}
		select {
		case c.datagrams <- Datagram{Received: now, Data: b}:
		default:
			c.overflow.Add(1)
		}
	}
}
