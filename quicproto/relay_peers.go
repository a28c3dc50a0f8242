package quicproto

import (
	"net/netip"
	"slices"
	"time"
)

// Bounds of an allocation.
const (
	// maxRelayPeers bounds the addresses that may send to us through a relay: those
	// of a room of peers.
	maxRelayPeers = 64
	// maxRelayChannels bounds the channels bound: one for each remote address.
	maxRelayChannels = 128
	// maxRelayWaiting is how many packets to a peer wait for its permission, a
	// round trip's first probes and QUIC packets.
	maxRelayWaiting = 8
)

// Lifetimes on a TURN server.
const (
	// permissionRefresh renews a permission, which lasts 5 min (RFC 8656, section 9).
	permissionRefresh = 4 * time.Minute
	// channelRefresh renews a channel, which lasts 10 min (RFC 8656, section 12).
	channelRefresh = 8 * time.Minute
	// relayRetry is the wait after a permission was refused or a request was lost.
	relayRetry = 10 * time.Second
	// relayPeerIdle is after how long a peer that nothing is sent to is forgotten.
	relayPeerIdle = 10 * time.Minute
)

// firstChannel is the lowest channel number (RFC 8656, section 12).
const firstChannel = 0x4000

// relayPeers is what an allocation knows of those it is for: permissions by IP
// address, channels by address and port (RFC 8656, sections 9 and 12).
type relayPeers struct {
	peers    map[netip.Addr]*relayPeer
	channels []*relayChannel // the number is firstChannel and the index
}

type relayPeer struct {
	permitted bool // so far as the server has said
	refused   bool
	asking    bool // a request is under way
	due       time.Time
	used      time.Time
	waiting   []relayPacket
}

// relayPacket waits for the permission to be sent.
type relayPacket struct {
	to   netip.AddrPort
	data []byte
}

type relayChannel struct {
	to     netip.AddrPort
	number uint16
	bound  bool
	asking bool
	due    time.Time
	used   time.Time
}

// relayRequest is what the server is to be asked for: that a peer may send to us,
// or a channel to it. Each address has a request of its own, for a server refuses
// all in a request because of one.
type relayRequest struct {
	permit  netip.Addr     // if valid
	channel uint16         // else
	to      netip.AddrPort // of the channel
}

// permit says that a peer may be at ip.
func (p *relayPeers) permit(now time.Time, ip netip.Addr) *relayPeer {
	peer := p.peers[ip]
	if peer == nil {
		if len(p.peers) >= maxRelayPeers {
			return nil
		}
		if p.peers == nil {
			p.peers = make(map[netip.Addr]*relayPeer)
		}
		peer = &relayPeer{due: now}
		p.peers[ip] = peer
	}
	peer.used = now
	return peer
}

// relayVerdict is what is to be done with a packet.
type relayVerdict uint8

const (
	relayDrop     relayVerdict = iota // the server does not want it
	relayWait                         // it is kept until the server has answered
	relayIndicate                     // as a Send indication
	relayChannelled
)

// send says how a packet goes to a peer, and by which channel. One that has to
// wait is copied.
func (p *relayPeers) send(now time.Time, to netip.AddrPort, data []byte) (relayVerdict, uint16) {
	peer := p.permit(now, to.Addr())
	switch {
	case peer == nil || peer.refused:
		return relayDrop, 0
	case !peer.permitted:
		peer.keep(relayPacket{to, slices.Clone(data)})
		return relayWait, 0
	}
	c := p.channel(now, to)
	if c == nil || !c.bound {
		return relayIndicate, 0
	}
	return relayChannelled, c.number
}

// keep lets the packet wait; the oldest gives way.
func (r *relayPeer) keep(packet relayPacket) {
	if len(r.waiting) == maxRelayWaiting {
		r.waiting = slices.Delete(r.waiting, 0, 1)
	}
	r.waiting = append(r.waiting, packet)
}

// channel finds the channel to an address, or makes one that is to be bound.
func (p *relayPeers) channel(now time.Time, to netip.AddrPort) *relayChannel {
	for _, c := range p.channels {
		if c.to == to {
			c.used = now
			return c
		}
	}
	if len(p.channels) >= maxRelayChannels {
		return nil
	}
	c := &relayChannel{to: to, number: firstChannel + uint16(len(p.channels)), due: now, used: now}
	p.channels = append(p.channels, c)
	return c
}

// sender is who sends by a channel.
func (p *relayPeers) sender(channel uint16) (netip.AddrPort, bool) {
	i := int(channel) - firstChannel
	if i < 0 || i >= len(p.channels) {
		return netip.AddrPort{}, false
	}
	return p.channels[i].to, true
}

// next is when pop has something to ask for, or zero.
func (p *relayPeers) next() time.Time {
	var t time.Time
	for _, peer := range p.peers {
		if !peer.asking && (t.IsZero() || peer.due.Before(t)) {
			t = peer.due
		}
	}
	for _, c := range p.channels {
		if !c.asking && p.wants(c) && (t.IsZero() || c.due.Before(t)) {
			t = c.due
		}
	}
	return t
}

// wants says whether a channel is still worth a request.
func (p *relayPeers) wants(c *relayChannel) bool {
	peer := p.peers[c.to.Addr()]
	return peer != nil && peer.permitted && peer.used.Sub(c.used) < relayPeerIdle
}

// pop returns a request that is due, or false. handle takes its outcome.
func (p *relayPeers) pop(now time.Time) (relayRequest, bool) {
	for ip, peer := range p.peers {
		switch {
		case peer.asking || now.Before(peer.due):
		case now.Sub(peer.used) > relayPeerIdle:
			delete(p.peers, ip)
		default:
			peer.asking = true
			return relayRequest{permit: ip}, true
		}
	}
	for _, c := range p.channels {
		if !c.asking && p.wants(c) && !now.Before(c.due) {
			c.asking = true
			return relayRequest{channel: c.number, to: c.to}, true
		}
	}
	return relayRequest{}, false
}

// relayOutcome is how a request ended.
type relayOutcome uint8

const (
	relayGranted relayOutcome = iota
	relayRefused
	relayLost // no answer
)

// handle takes the outcome of a request and returns what may be sent now.
func (p *relayPeers) handle(now time.Time, r relayRequest, o relayOutcome) (released []relayPacket) {
	if r.permit.IsValid() {
		if peer := p.peers[r.permit]; peer != nil {
			return peer.handle(now, o)
		}
		return nil
	}
	if i := int(r.channel) - firstChannel; i >= 0 && i < len(p.channels) {
		p.channels[i].handle(now, o)
	}
	return nil
}

func (r *relayPeer) handle(now time.Time, o relayOutcome) (released []relayPacket) {
	r.asking = false
	switch o {
	case relayGranted:
		r.permitted, r.refused, r.due = true, false, now.Add(permissionRefresh)
		released, r.waiting = r.waiting, nil
	case relayRefused:
		r.permitted, r.refused, r.due = false, true, now.Add(relayRetry)
		r.waiting = nil
	case relayLost: // what was granted is good for another minute
		r.due = now.Add(relayRetry)
	}
	return released
}

func (c *relayChannel) handle(now time.Time, o relayOutcome) {
	c.asking = false
	if o == relayGranted {
		c.bound, c.due = true, now.Add(channelRefresh)
		return
	}
	if o == relayRefused {
		c.bound = false
	}
	c.due = now.Add(relayRetry)
}
