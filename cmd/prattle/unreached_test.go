package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto"
	"github.com/skulltech/prattle/quicproto/rendezvous"
)

// What is told where UDP is blocked is what stands in the way.
func TestWhyNoUDP(t *testing.T) {
	base := fmt.Errorf("no way to bob was found: %w", quicproto.ErrUnreachable)
	plain := []quicproto.TURNServer{{URL: "turn:relay.example"}}
	secure := append(plain, quicproto.TURNServer{URL: "turns:relay.example:443?transport=tcp"})
	blocked := []error{quicproto.ErrUDPBlocked}
	silent := append(blocked, fmt.Errorf("%w: relay.example over TLS", quicproto.ErrRelaySilent))
	for _, tc := range []struct {
		noRelay   bool
		relays    []quicproto.TURNServer
		problems  []error
		err, hint string
	}{
		{true, secure, blocked, "UDP does not come through here", "without --no-relay"},
		{false, nil, blocked, "and the server offers no relay over TLS", "--relay-tls :443"},
		{false, plain, silent, "and the server offers no relay over TLS", "--turn turns:HOST:443"},
		{false, secure, silent, "and no relay over TLS does: the relay does not answer: relay.example", "netcheck"},
		{false, secure, blocked, "the other side does not reach it", "over there"},
	} {
		err := whyNoUDP(base, tc.noRelay, tc.relays, tc.problems)
		var told *hinted
		if !errors.As(err, &told) || !errors.Is(err, quicproto.ErrUnreachable) {
			t.Fatalf("%v", err)
		}
		if !strings.Contains(told.Error(), tc.err) || !strings.Contains(told.hint, tc.hint) {
			t.Errorf("%q, %q; want %q, %q", told.Error(), told.hint, tc.err, tc.hint)
		}
	}
}

func TestWhyUnregistered(t *testing.T) {
	for _, tc := range []struct{ cause, want error }{
		{rendezvous.ErrUnreachable, errors.New("the rendezvous does not answer: nobody answers there")},
		{rendezvous.ErrNoTLS, errors.New("the rendezvous does not answer over UDP, and offers no TLS on port 443: nobody answers there")},
	} {
		err := whyUnregistered("bob", fmt.Errorf("connect: %w", tc.cause))
		if err.Error() != tc.want.Error() || !errors.Is(err, quicproto.ErrUnreachable) {
			t.Errorf("%v, want %v", err, tc.want)
		}
	}
}

// A rendezvous that is reached over TLS alone is told apart.
func TestMeetingPointOverTLS(t *testing.T) {
	server := certs.Server{Addr: "meet.example:7729"}
	udp, tls := meetingPoint{server: server, ready: time.Second}, meetingPoint{server: server, ready: time.Second, tls: true}
	if words := udp.words(); strings.Contains(words, "TLS") || udp.json().Transport != "udp" {
		t.Errorf("%q, %+v", words, udp.json())
	}
	if words := tls.words(); !strings.Contains(words, "over TLS alone") || tls.json().Transport != "tls" {
		t.Errorf("%q, %+v", words, tls.json())
	}
}
