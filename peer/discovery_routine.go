package peer

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/skulltech/prattle/quicproto"
)

// hearRetry is how long to wait where a socket can be read no more, for it might be
// again.
const hearRetry = time.Second

// routineDiscover owns the mechanism: it hands it what was heard, sends what it says
// and tells of whom it has found.
func (d *discovery) routineDiscover() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case m := <-d.heard:
			if link := linkOf(m.by, m.from, d.links); link >= 0 {
				d.dnssd.handleMessage(time.Now(), link, m.message)
			}
		case <-d.moved:
			d.look()
		case <-timer.C:
		case <-d.ctx.Done():
			d.dnssd.leave()
			d.send()
			d.closeSockets()
			return
		}
		d.dnssd.advance(time.Now())
		d.send()
		d.tell()
		if next := d.dnssd.next(); !next.IsZero() {
			timer.Reset(time.Until(next))
		}
	}
}

// routineWatch says when the networks may have changed.
func (d *discovery) routineWatch() {
	quicproto.WatchNetwork(d.ctx, func() {
		select {
		case d.moved <- struct{}{}:
		default:
		}
	})
}

// routineHear reads a socket until it is closed. Most of what it hears is about
// printers and the like, and none of our business.
func (d *discovery) routineHear(s groupSocket) {
	for buf := make([]byte, maxDiscoveryMessage+1); ; {
		n, by, from, err := s.receive(buf)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			select {
			case <-time.After(hearRetry):
			case <-d.ctx.Done():
			}
			continue
		case by < 0 || n > maxDiscoveryMessage || !bytes.Contains(buf[:n], []byte(discoveryLabels)):
			continue
		}
		select {
		case d.heard <- heardMessage{by, from, bytes.Clone(buf[:n])}:
		case <-d.ctx.Done():
			return
		}
	}
}

// look finds out which links there are, and joins the groups there.
func (d *discovery) look() {
	links, err := quicproto.LocalLinks()
	if err != nil {
		d.note(err)
		return // what was known is the best there is
	}
	links = links[:min(len(links), maxDiscoveryLinks+1)]
	if len(links) > 1 {
		links = slices.DeleteFunc(links, isLoopback)
	}
	d.links = links[:min(len(links), maxDiscoveryLinks)]
	d.deaf = d.join()
	d.dnssd.handleLinks(time.Now(), d.links)
	d.note(d.standing())
}

// standing is why nobody can be found, whether or not something can be sent: at most
// programs on this machine, or nothing is heard.
func (d *discovery) standing() error {
	if !slices.ContainsFunc(d.links, func(l quicproto.LocalLink) bool { return !isLoopback(l) }) {
		return ErrNoLAN
	}
	return d.deaf
}

// join joins the groups on all links, and leaves those on links that are gone, which
// the kernel would count against us. It fails if nothing can be heard on any.
func (d *discovery) join() error {
	var errs []error
	wanted := make(map[groupKey]bool)
	for _, l := range d.links {
		for _, s := range d.sockets {
			key := groupKey{s, l.Index}
			wanted[key] = true
			if d.joined[key] != nil {
				continue
			}
			if err := s.JoinGroup(&l.Interface, s.group()); err != nil {
				errs = append(errs, fmt.Errorf("join %v on %s: %w", s.group().IP, l.Name, err))
				continue // it is tried again with the next change
			}
			d.joined[key] = &l.Interface
		}
	}
	for key, i := range d.joined {
		if !wanted[key] {
			key.socket.LeaveGroup(i, key.socket.group())
			delete(d.joined, key)
		}
	}
	if len(d.joined) > 0 {
		return nil
	}
	return errors.Join(errs...)
}

// send sends what is to be said. It has failed if nothing could be sent anywhere.
func (d *discovery) send() {
	var tried int
	var errs []error
	for {
		out, ok := d.dnssd.popMessage()
		if !ok {
			break
		}
		at := slices.IndexFunc(d.links, func(l quicproto.LocalLink) bool { return l.Index == out.link })
		if at < 0 {
			continue
		}
		for _, s := range d.sockets {
			if l := d.links[at]; speaks(s, l) {
				tried++
				if err := s.sendBy(&l.Interface, out.message); err != nil {
					errs = append(errs, err)
				}
			}
		}
	}
	if tried > 0 && len(errs) == tried {
		d.note(errors.Join(errs...))
	} else if tried > 0 {
		d.note(d.standing())
	}
}

// speaks says whether there is an address of a socket's family on a link.
func speaks(s groupSocket, l quicproto.LocalLink) bool {
	return slices.ContainsFunc(l.Prefixes, func(p netip.Prefix) bool { return s.suits(p.Addr()) })
}

// note remembers what is wrong, and logs it once.
func (d *discovery) note(err error) {
	old := d.problem()
	if (err == nil) != (old == nil) {
		d.log.Debug("members on the local network", "problem", err)
	}
	d.trouble.Store(&err)
}

// tell tells of those who are there. Who does not listen will be told again.
func (d *discovery) tell() {
	for {
		s, ok := d.dnssd.popSighting()
		if !ok {
			return
		}
		select {
		case d.found <- s:
		default:
		}
	}
}

func (d *discovery) closeSockets() {
	for _, s := range d.sockets {
		s.Close()
	}
}
