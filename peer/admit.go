package peer

import (
	"errors"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto"
)

// Admission says how far a peer gets who calls us.
type Admission int

// The admissions, from nothing to all.
const (
	// AdmitNever is for whoever is blocked: refused in the handshake, without a
	// trace, and thrown out if it is in a call already.
	AdmitNever Admission = iota
	// AdmitKnock is for strangers who are not to ring: they are told that nobody
	// answers, and noted as a missed call.
	AdmitKnock
	// AdmitStranger is for strangers who may ring. They pay for it with some work
	// of their computer, wait in a short queue for their turn, and give way to
	// whoever has AdmitRing.
	AdmitStranger
	// AdmitRing is for whoever may ring.
	AdmitRing
)

// ErrRevoked ends a call whose peer is no longer admitted, on both sides.
var ErrRevoked = errors.New("the call was ended because its peer is no longer trusted")

// What a caller learns of the ticket that it has presented.
var (
	ErrTicketUsed    = certs.ErrTicketUsed
	ErrTicketExpired = certs.ErrTicketExpired
	ErrTicketUnknown = certs.ErrTicketUnknown
)

// CallOptions are what a call may begin with. The zero value is a plain call.
type CallOptions struct {
	// Ticket is the one-use secret of a ticket of the callee, which answers it
	// without ringing; nil: none. It is a pointer because the stacks of a panic
	// show what is passed by value.
	Ticket *certs.Secret
	// Via are where to ask for the callee besides trying its addresses.
	Via []Exchange

	resume quicproto.Secret // of a call that was lost
}

// Reconsider asks Config.Admit about the peers of all links again, and looks at
// their certificates again. Those that are not admitted any more lose the call at
// once, with ErrRevoked on both sides.
func (r *Room) Reconsider() {
	for _, l := range r.Links() {
		_, err := certs.VerifyPeer(l.conn.TLS(), r.cfg.Authorities, time.Now())
		if err == nil && r.admission(l.cert) != AdmitNever {
			continue
		}
		r.mu.Lock()
		l.party.give(orderRevoke, stepOver)
		r.line.settle()
		r.mu.Unlock()
	}
}

// admission is how far a peer gets.
func (r *Room) admission(p certs.Peer) Admission {
	if r.cfg.Admit == nil {
		return AdmitRing
	}
	return r.cfg.Admit(p)
}
