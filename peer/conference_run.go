package peer

import (
	"context"
	"net"
	"net/netip"
	"time"

	"github.com/skulltech/prattle/quicproto"
)

// routineConference puts into practice what the membership wants: it dials, closes
// links, and tells members what we know of the room.
func (c *Conference) routineConference() {
	defer close(c.done)
	defer c.close()
	discovery := c.discover()
	timer := time.NewTimer(0)
	defer timer.Stop()
	c.begin(time.Now())
	for {
		c.mu.Lock()
		now := time.Now()
		c.members.advance(now)
		news := c.members.popNews()
		c.mu.Unlock()
		if news {
			c.rouseLinks()
		}
		c.obey(now)
		c.mu.Lock()
		next := c.members.next()
		c.mu.Unlock()
		timer.Stop()
		if !next.IsZero() {
			timer.Reset(max(next.Sub(now), 0))
		}
		select {
		case s := <-c.found(discovery):
			c.mu.Lock()
			c.members.handleSighting(time.Now(), s.instance, s.addrs)
			c.mu.Unlock()
		case <-c.wake:
		case <-timer.C:
		case <-c.ctx.Done():
			if discovery != nil {
				discovery.Close()
			}
			return
		}
	}
}

// begin has those dialled whose addresses are known.
func (c *Conference) begin(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.members.handleOwnAddrs(c.addrs())
	for _, a := range c.opts.Peers {
		if u := udpAddr(a); u != nil {
			c.members.handleAddress(now, []netip.AddrPort{u.AddrPort()})
		}
	}
}

// obey does what the membership has ordered.
func (c *Conference) obey(now time.Time) {
	for {
		c.mu.Lock()
		d, ok := c.members.popDial()
		c.mu.Unlock()
		if !ok {
			break
		}
		c.room.routines.Go(func() { c.dial(d) })
	}
	for {
		c.mu.Lock()
		d, ok := c.members.popDrop()
		l := c.links[d.key]
		c.mu.Unlock()
		if !ok {
			break
		}
		if l != nil {
			l.drop(d.reason, d.view)
		}
	}
	for {
		c.mu.Lock()
		order, ok := c.members.popTell()
		l := c.links[order.key]
		c.mu.Unlock()
		if !ok {
			break
		}
		if l != nil {
			l.tellView(order.view)
		}
	}
	c.mu.Lock()
	expelled := c.members.removedSelf()
	c.mu.Unlock()
	if expelled {
		c.putOut()
	}
}

// putOut leaves the room because its members have removed us.
func (c *Conference) putOut() {
	if c.ctx.Err() == nil {
		c.quit()
		c.room.emit(Event{Kind: EventRoom, Err: ErrRemoved})
	}
}

// tellView tells the other side what we know of the room.
func (l *Link) tellView(v view) {
	m := viewMessage(v)
	l.do(func(time.Time) {
		if l.call.media() {
			l.call.send(m)
		}
	})
}

// drop ends the link because the membership wants it. Who is removed hears why.
func (l *Link) drop(reason dropReason, v view) {
	m := viewMessage(v)
	l.do(func(time.Time) {
		switch {
		case reason == dropRemoved && l.call.media():
			l.call.send(m)
			l.call.turnAway(quicproto.DeclineRemoved)
		case reason == dropRemoved:
			l.call.turnAway(quicproto.DeclineRemoved)
		case reason == dropExpelled:
			l.call.hangUp("")
		default:
			l.call.goElsewhere()
		}
	})
}

// close leaves all links politely.
func (c *Conference) close() {
	c.mu.Lock()
	var links []*Link
	for _, l := range c.links {
		links = append(links, l)
	}
	c.mu.Unlock()
	for _, l := range links {
		l.HangUp()
	}
	for _, l := range links {
		<-l.done
	}
}

// dial connects to somebody who may be a member, and asks to be let in.
func (c *Conference) dial(order dialOrder) {
	var addrs []net.Addr
	for _, a := range order.addrs {
		addrs = append(addrs, net.UDPAddrFromAddrPort(a))
	}
	ctx, cancel := context.WithCancel(c.ctx)
	if !order.peer.IsZero() {
		ctx, cancel = context.WithTimeout(c.ctx, memberDialTimeout)
	}
	defer cancel()
	d, _ := c.room.dialFirst(ctx, addrs, order.peer, CallOptions{})
	if d.err == nil {
		d.err = c.join(order, d.conn)
	}
	if d.err == nil {
		return
	}
	c.room.cfg.Log.Debug("cannot reach a member", "reason", d.err)
	c.mu.Lock()
	c.members.handleDialFailed(time.Now(), order.key)
	c.mu.Unlock()
	c.rouse()
}
