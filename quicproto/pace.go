package quicproto

import (
	"net"
	"time"
)

// messagePace holds the reader of a control stream back, so that a peer cannot
// make us work by sending messages: what it sends faster stays with it, by QUIC's
// flow control. It is for one goroutine at a time.
type messagePace struct{ bucket bucket }

// messageRate is more than a call causes: some messages when it begins, then what
// a person types. A pasted text may come at once.
var messageRate = allowance{rate: 50, burst: 300}

// wait returns when the next message may be read, or with net.ErrClosed once done
// is closed.
func (p *messagePace) wait(done <-chan struct{}) error {
	for !p.bucket.take(time.Now(), messageRate, 1) {
		select {
		case <-time.After(time.Duration(float64(time.Second) / messageRate.rate)):
		case <-done:
			return net.ErrClosed
		}
	}
	return nil
}
