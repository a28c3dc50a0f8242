package peer

import (
	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto"
)

// code is how a refused caller hears of it.
func (v joinVerdict) code() quicproto.DeclineCode {
	switch v {
	case joinRemoved:
		return quicproto.DeclineRemoved
	case joinLocked:
		return quicproto.DeclineLocked
	case joinFull:
		return quicproto.DeclineFull
	}
	return quicproto.DeclineLinked
}

// viewMessage is a view as it is sent.
func viewMessage(v view) *quicproto.Members {
	m := new(quicproto.Members)
	for _, i := range v.list {
		m.List = append(m.List, quicproto.Member{Peer: i.peer[:], Instance: i.instance[:], Addrs: i.addrs})
	}
	for _, r := range v.entries {
		m.Rulings = append(m.Rulings, quicproto.Ruling{Peer: r.peer[:], Removed: r.verdict == verdictRemoved, Counter: r.counter})
	}
	if v.lock.counter > 0 {
		m.Lock = &quicproto.Lock{Locked: v.lock.locked, Counter: v.lock.counter, By: v.lock.by[:]}
	}
	return m
}

// viewIn is what a message says, whose lengths have been checked.
func viewIn(m *quicproto.Members) view {
	var v view
	for _, x := range m.List {
		v.list = append(v.list, memberInfo{certs.PeerID(x.Peer), instance(x.Instance), x.Addrs})
	}
	for _, r := range m.Rulings {
		verdict := verdictAdmitted
		if r.Removed {
			verdict = verdictRemoved
		}
		v.entries = append(v.entries, register{certs.PeerID(r.Peer), verdict, r.Counter})
	}
	if l := m.Lock; l != nil {
		v.lock = roomLock{l.Locked, l.Counter, certs.PeerID(l.By)}
	}
	return v
}
