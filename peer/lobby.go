package peer

import (
	"net/netip"

	"github.com/skulltech/prattle/certs"
)

// lobby bounds the incoming connections whose call has not been accepted. It has
// no lock; the Room owns it.
type lobby struct {
	guests []*guest
	room   bool // a room comes together: strangers come at once, from machines that share an address
}

// guest is one of them.
type guest struct {
	peer   certs.PeerID
	source netip.Prefix
	friend bool // rings without more ado
}

// Room in the lobby. Those who do not ring of themselves cannot take the places of
// those who do, and neither a host nor a key can take them all.
const (
	maxGuests         = 24
	maxStrangerGuests = 12
	maxSourceGuests   = 6  // strangers from one source
	maxCrowdGuests    = 20 // strangers, while a room comes together
	maxPeerGuests     = 3  // connections of one peer: an old one, a new one, a lane
)

// enter takes g in, if there is room for it.
func (y *lobby) enter(g *guest) bool {
	var strangers, source, peer int
	for _, other := range y.guests {
		if other.peer == g.peer {
			peer++
		}
		if !other.friend {
			strangers++
			if other.source == g.source {
				source++
			}
		}
	}
	full := len(y.guests) >= maxGuests || peer >= maxPeerGuests
	if !g.friend {
		most, fromOne := maxStrangerGuests, maxSourceGuests
		if y.room {
			most, fromOne = maxCrowdGuests, maxCrowdGuests
		}
		full = full || strangers >= most || source >= fromOne
	}
	if !full {
		y.guests = append(y.guests, g)
	}
	return !full
}

// leave lets g go; a second time has no effect.
func (y *lobby) leave(g *guest) {
	for i, other := range y.guests {
		if other == g {
			y.guests = append(y.guests[:i], y.guests[i+1:]...)
			return
		}
	}
}
