package quicproto

import (
	"encoding/binary"
	"sync"
	"time"
)

// packetKind says what a packet that arrives is.
type packetKind uint8

const (
	packetForeign packetKind = iota
	packetQUIC
	packetProbe
	packetSTUN
)

// stunCookie is at byte 4 of each STUN message (RFC 8489, section 5).
const stunCookie = 0x2112A442

// kindOf tells packets apart by their first byte, in which QUIC always has the bit
// 0x40 set (RFC 9443).
func kindOf(b []byte) packetKind {
	switch {
	case len(b) == 0:
		return packetForeign
	case b[0]&0x40 != 0:
		return packetQUIC
	case b[0] == probeType:
		return packetProbe
	case b[0] < 4 && len(b) >= 20 && binary.BigEndian.Uint32(b[4:]) == stunCookie:
		return packetSTUN
	}
	return packetForeign
}

// deadline closes a channel when a time has come.
type deadline struct {
	mu    sync.Mutex
	ch    chan struct{}
	timer *time.Timer
}

// expired is closed once the time has come.
func (d *deadline) expired() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.channel()
}

func (d *deadline) channel() chan struct{} {
	if d.ch == nil {
		d.ch = make(chan struct{})
	}
	return d.ch
}

// set sets the time; zero means never.
func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil && !d.timer.Stop() {
		d.ch = nil // it has expired, or is about to
	}
	d.timer = nil
	ch := d.channel()
	if isClosed(ch) {
		d.ch = nil
		ch = d.channel()
	}
	switch wait := time.Until(t); {
	case t.IsZero():
	case wait <= 0:
		close(ch)
	default:
		d.timer = time.AfterFunc(wait, func() { close(ch) })
	}
}

func isClosed(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}
