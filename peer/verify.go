package peer

import (
	"errors"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto"
)

// beginSAS begins the exchange from which both people get the same digits, unless
// somebody sits between them. It begins with the call: who is not answered learns
// nothing and costs nothing. Who has our own key needs no comparing.
func (l *Link) beginSAS() {
	if l.peer == l.room.cfg.Identity.ID() {
		return
	}
	exporter, err := l.conn.Export(certs.SASExporterLabel, certs.SASExporterSize)
	if err == nil {
		l.sas, err = certs.NewSAS(exporter, l.room.cfg.Identity.ID(), l.peer, certs.NewSASNonce())
	}
	if err != nil {
		l.call.end(err)
		return
	}
	c := l.sas.Commitment()
	l.call.send(&quicproto.SASCommit{Commitment: c[:]})
}

// handleSAS takes the other side's part in the exchange. A side that breaks its
// rules loses the call: it may be somebody in between.
func (l *Link) handleSAS(m quicproto.Message) {
	if l.sas == nil || !l.call.media() {
		l.call.end(ErrProtocol)
		return
	}
	switch m := m.(type) {
	case *quicproto.SASCommit:
		nonce, err := l.sas.HandleCommitment(certs.SASNonce(m.Commitment))
		if err != nil {
			l.call.end(err)
			return
		}
		l.call.send(&quicproto.SASReveal{Nonce: nonce[:]})
	case *quicproto.SASReveal:
		if err := l.sas.HandleReveal(certs.SASNonce(m.Nonce)); err != nil {
			l.call.end(err)
			return
		}
		l.publishSAS()
	}
}

func (l *Link) publishSAS() {
	digits, ok := l.sas.Digits()
	if !ok {
		return
	}
	l.remote.mu.Lock()
	l.remote.sas = digits
	l.remote.mu.Unlock()
	l.room.emit(Event{Kind: EventVerify, Link: l})
}

// SAS is what the two people can compare to rule out that somebody sits between
// them, once EventVerify has told that it is there: digits such as "012 3456".
func (l *Link) SAS() (digits string, ok bool) {
	l.remote.mu.Lock()
	defer l.remote.mu.Unlock()
	return l.remote.sas, l.remote.sas != ""
}

func isSAS(err error) bool {
	return errors.Is(err, certs.ErrSASCommitment) || errors.Is(err, certs.ErrSASOrder)
}
