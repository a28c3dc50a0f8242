package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto/relay"
	"github.com/skulltech/prattle/quicproto/rendezvous"
)

// credentialLife is how long a peer may begin to use a relay by one set of
// credentials. It gets new ones after half of it.
const credentialLife = time.Hour

// maxOffers bounds the STUN servers, and the relays, that clients are told of
// (rendezvous).
const maxOffers = 8

// offer is what registered peers are told of besides: STUN servers and relays.
type offer struct {
	stun   []string
	turn   []string               // URLs (RFC 7065)
	secret atomic.Pointer[string] // that the relays know too
}

// newOffer offers the relay that runs here, which may be none, and the others that the
// settings name.
func newOffer(s *settings, host string, r *relay.Server) (*offer, error) {
	o := new(offer)
	if r != nil {
		at := func(addrs []netip.AddrPort, form string) {
			if len(addrs) > 0 {
				o.turn = append(o.turn, fmt.Sprintf(form, net.JoinHostPort(host, strconv.Itoa(int(addrs[0].Port())))))
			}
		}
		if udp := r.UDP(); len(udp) > 0 {
			o.stun = append(o.stun, net.JoinHostPort(host, strconv.Itoa(int(udp[0].Port()))))
		}
		at(r.UDP(), "turn:%s")
		at(r.TCP(), "turn:%s?transport=tcp")
		at(r.TLS(), "turns:%s?transport=tcp")
	}
	o.stun, o.turn = append(o.stun, s.stun...), append(o.turn, s.turn...)
	if len(o.stun) > maxOffers || len(o.turn) > maxOffers {
		return nil, &usageError{fmt.Errorf("%d STUN servers and %d relays to offer", len(o.stun), len(o.turn)), fmt.Sprintf("clients take %d of each", maxOffers)}
	}
	return o, nil
}

// services is what one peer is told.
func (o *offer) services(p certs.PeerID, now time.Time) rendezvous.Services {
	out := rendezvous.Services{STUN: o.stun}
	if len(o.turn) == 0 {
		return out
	}
	username, password := relay.Credentials(*o.secret.Load(), relayUser(p), credentialLife, now)
	for _, url := range o.turn {
		out.TURN = append(out.TURN, rendezvous.TURNServer{URL: url, Username: username, Password: password})
	}
	out.Expires = now.Add(credentialLife)
	return out
}

// relayUser names a peer to a relay, which need not know who it is: only that it is
// the same, for its quota.
func relayUser(p certs.PeerID) string {
	sum := sha256.Sum256(append([]byte("prattle relay user v1"), p[:]...))
	return hex.EncodeToString(sum[:8])
}
