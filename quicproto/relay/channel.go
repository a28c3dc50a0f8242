package relay

import "net/netip"

// channel is one that pion has bound, as packets need to know it.
type channel struct {
	number  uint16
	peer    netip.AddrPort
	verdict verdict // of the policy
}

// channels are those of an allocation. A list is never changed but replaced:
// packets read it while requests write.
type channels []channel

// byNumber returns the channel a client sends on, or nil.
func (l channels) byNumber(number uint16) *channel {
	for i := range l {
		if l[i].number == number {
			return &l[i]
		}
	}
	return nil
}

// byPeer returns the channel of the peer that a packet came from, or nil.
func (l channels) byPeer(peer netip.AddrPort) *channel {
	for i := range l {
		if l[i].peer == peer {
			return &l[i]
		}
	}
	return nil
}

// with returns a copy of l that has c too.
func (l channels) with(c channel) channels {
	return append(l.without(c.number), c)
}

// without returns a copy of l that lacks number.
func (l channels) without(number uint16) channels {
	out := make(channels, 0, len(l)+1)
	for _, c := range l {
		if c.number != number {
			out = append(out, c)
		}
	}
	return out
}
