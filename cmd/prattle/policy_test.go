package main

import (
	"slices"
	"testing"

	"github.com/skulltech/prattle/peer"
)

func TestPolicies(t *testing.T) {
	type fate struct {
		admission peer.Admission
		answer    answer
	}
	ask, yes, no := answerAsk, answerYes, answerNo
	for p, want := range map[policy]map[acquaintanceKind]fate{
		policyContacts: {stranger: {peer.AdmitKnock, ask}, successor: {peer.AdmitRing, ask}, vouched: {peer.AdmitRing, ask}, known: {peer.AdmitRing, ask}},
		policyAsk:      {stranger: {peer.AdmitStranger, ask}, successor: {peer.AdmitRing, ask}, vouched: {peer.AdmitRing, ask}, known: {peer.AdmitRing, ask}},
		policyKnown:    {stranger: {peer.AdmitKnock, no}, successor: {peer.AdmitKnock, no}, vouched: {peer.AdmitRing, yes}, known: {peer.AdmitRing, yes}},
		policyAll:      {stranger: {peer.AdmitRing, yes}, successor: {peer.AdmitRing, yes}, vouched: {peer.AdmitRing, yes}, known: {peer.AdmitRing, yes}},
		policyNone:     {stranger: {peer.AdmitRing, no}, successor: {peer.AdmitRing, no}, vouched: {peer.AdmitRing, no}, known: {peer.AdmitRing, no}},
		policyRoom:     {stranger: {peer.AdmitRing, ask}, successor: {peer.AdmitRing, ask}, vouched: {peer.AdmitRing, ask}, known: {peer.AdmitRing, ask}},
		policyTicket:   {stranger: {peer.AdmitKnock, ask}, successor: {peer.AdmitKnock, ask}, vouched: {peer.AdmitKnock, ask}, known: {peer.AdmitKnock, ask}},
	} {
		for kind, want := range want {
			a := acquaintance{kind: kind}
			if got := (fate{p.admit(a), p.answer(a)}); got != want {
				t.Errorf("--answer %s, acquaintance %d: %+v, want %+v", p, kind, got, want)
			}
		}
		if got := p.admit(acquaintance{kind: blocked, ticket: true}); got != peer.AdmitNever {
			t.Errorf("--answer %s admits somebody who is blocked: %d", p, got)
		}
	}
}

func TestWhoEnters(t *testing.T) {
	for p, want := range map[policy][]acquaintanceKind{
		policyKnown: {vouched, known}, policyAsk: nil, policyNone: nil,
		policyAll: {stranger, successor, vouched, known},
	} {
		for _, kind := range []acquaintanceKind{stranger, successor, vouched, known, blocked} {
			if got := p.enters(acquaintance{kind: kind}); got != slices.Contains(want, kind) {
				t.Errorf("--admit %s, acquaintance %d: %v", p, kind, got)
			}
		}
	}
}
