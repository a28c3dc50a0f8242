package main

import (
	"github.com/skulltech/prattle/peer"
)

// A policy says who gets through to the person, and who is answered without one.
type policy string

// The values of --answer.
const (
	policyContacts policy = "ask-known" // contacts ring, strangers do not
	policyAsk      policy = "ask"       // everybody rings
	policyKnown    policy = "known"
	policyAll      policy = "all"
	policyNone     policy = "none"
	// policyTicket, which no flag can name, lets in whoever has a ticket.
	policyTicket policy = "ticket"
	// policyRoom, which no flag can name either, is that of a joined room: everybody
	// may come to its door, and there --admit decides.
	policyRoom policy = "room"
)

var answerPolicies = []string{string(policyContacts), string(policyAsk), string(policyKnown), string(policyAll), string(policyNone)}

// admit says how far a caller gets. Whoever is blocked leaves no trace.
func (p policy) admit(a acquaintance) peer.Admission {
	switch {
	case a.kind == blocked:
		return peer.AdmitNever
	case p == policyTicket:
		return peer.AdmitKnock
	case p == policyAll, p == policyNone, p == policyRoom, a.kind == known, a.kind == vouched:
		return peer.AdmitRing
	case p == policyKnown:
		return peer.AdmitKnock
	case a.kind == successor:
		return peer.AdmitRing
	case p == policyAsk:
		return peer.AdmitStranger
	}
	return peer.AdmitKnock
}

type answer int

const (
	answerAsk answer = iota
	answerYes
	answerNo
)

// answer says what to do about a call that rings. Nobody is answered without a
// person because a contact's old key speaks for it.
func (p policy) answer(a acquaintance) answer {
	switch p {
	case policyAll:
		return answerYes
	case policyNone:
		return answerNo
	case policyKnown:
		if a.kind == known || a.kind == vouched {
			return answerYes
		}
		return answerNo
	}
	return answerAsk
}

// admitPolicies are the values of --admit.
var admitPolicies = []string{string(policyKnown), string(policyAsk), string(policyAll), string(policyNone)}

// enters says whether a peer comes into a room without knocking.
func (p policy) enters(a acquaintance) bool {
	switch p {
	case policyAll:
		return a.kind != blocked
	case policyKnown:
		return a.kind == known || a.kind == vouched
	}
	return false
}
