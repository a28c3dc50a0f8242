package peer

import (
	"net/netip"
	"testing"

	"github.com/skulltech/prattle/certs"
)

func stranger(peer, source byte) *guest {
	return &guest{peer: certs.PeerID{peer}, source: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, source}), 32)}
}

// crowd lets n guests in, made by f, and returns how many got in.
func (y *lobby) crowd(n int, f func(i byte) *guest) (in int) {
	for i := range n {
		if y.enter(f(byte(i))) {
			in++
		}
	}
	return in
}

func TestLobbyIsBounded(t *testing.T) {
	friend := func(i byte) *guest { return &guest{peer: certs.PeerID{200, i}, friend: true} }
	for name, tc := range map[string]struct {
		guest func(i byte) *guest
		want  int
	}{
		"strangers":                 {func(i byte) *guest { return stranger(i, i) }, maxStrangerGuests},
		"strangers from one source": {func(i byte) *guest { return stranger(i, 1) }, maxSourceGuests},
		"one stranger":              {func(byte) *guest { return stranger(1, 1) }, maxPeerGuests},
		"one friend":                {func(byte) *guest { return friend(1) }, maxPeerGuests},
		"friends":                   {friend, maxGuests},
	} {
		var y lobby
		if got := y.crowd(100, tc.guest); got != tc.want {
			t.Errorf("%s: %d got in, want %d", name, got, tc.want)
		}
		if got := y.crowd(100, friend); got < maxGuests-tc.want && name != "one friend" {
			t.Errorf("%s: then %d friends got in", name, got)
		}
	}
}

func TestLobbyForgetsWhoLeft(t *testing.T) {
	var y lobby
	g := stranger(1, 1)
	y.enter(g)
	y.leave(g)
	y.leave(g)
	if len(y.guests) != 0 {
		t.Errorf("%d guests are left", len(y.guests))
	}
}
