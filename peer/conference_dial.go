package peer

import (
	"crypto/hmac"
	"crypto/sha256"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto"
)

const (
	roomLabel      = "EXPORTER-prattle-room-name"
	roomSecretSize = 32
)

// roomMAC shows that its sender knows a room's name, to who knows it too.
func roomMAC(conn *quicproto.Conn, name string) ([]byte, error) {
	secret, err := conn.Export(roomLabel, roomSecretSize)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(name))
	return mac.Sum(nil)[:quicproto.RoomMACSize], nil
}

// join asks, over a connection that we have dialled, to be let in.
func (c *Conference) join(order dialOrder, conn *quicproto.Conn) error {
	r := c.room
	them, err := certs.VerifyPeer(conn.TLS(), r.cfg.Authorities, time.Now())
	if err == nil && them.ID != r.cfg.Identity.ID() {
		err = r.notBlocked(them)
	}
	m := &quicproto.Join{Instance: c.self[:], Addrs: c.addrs()}
	var offer *certs.PassphraseOffer
	if err == nil {
		m.Room, err = roomMAC(conn, c.opts.Name)
	}
	if err == nil && c.opts.Passphrase != nil && them.ID != r.cfg.Identity.ID() {
		if offer, err = c.offer(conn, them.ID); err == nil {
			m.Share = offer.Share()
		}
	}
	if err != nil {
		conn.Close(quicproto.CloseIdentity, "")
		return err
	}
	l := r.newLink(conn, them, newEntry(time.Now(), r.hello(conn), m, offer))
	l.party = &party{peer: them.ID, outgoing: true, step: stepOver, link: l, wake: l.rouse}
	l.meet(nil)
	c.mu.Lock()
	key, ok := c.nextKey(), false
	if c.ctx.Err() == nil {
		ok = c.members.handleDialed(time.Now(), order.key, key, them.ID)
	}
	if ok {
		c.add(l, key)
	}
	c.mu.Unlock()
	if !ok {
		l.cancel()
		conn.Close(quicproto.CloseNormal, "")
		return nil
	}
	l.start()
	return nil
}

// nextKey is that of a link to come. The lock is held, here and in add.
func (c *Conference) nextKey() linkKey {
	c.keys++
	return c.keys
}

func (c *Conference) add(l *Link, key linkKey) {
	l.member.conference, l.member.key = c, key
	c.links[key] = l
}

// offer begins to prove the passphrase to a peer that we have dialled.
func (c *Conference) offer(conn *quicproto.Conn, callee certs.PeerID) (*certs.PassphraseOffer, error) {
	channel, err := proofChannel(conn, c.room.cfg.Identity.ID(), callee)
	if err != nil {
		return nil, err
	}
	return c.opts.Passphrase.Offer(channel)
}

// proofChannel is what ties a proof of the passphrase to a connection.
func proofChannel(conn *quicproto.Conn, caller, callee certs.PeerID) (certs.ProofChannel, error) {
	exporter, err := conn.Export(certs.RoomExporterLabel, certs.RoomExporterSize)
	return certs.ProofChannel{Exporter: exporter, Caller: caller, Callee: callee}, err
}

// addrs are those of ours at which members may dial us.
func (c *Conference) addrs() quicproto.MemberAddrs {
	var addrs quicproto.MemberAddrs
	for _, candidate := range c.room.candidates() {
		if candidate.Kind == quicproto.CandidateHost && len(addrs) < quicproto.MaxMemberAddrs {
			addrs = append(addrs, candidate.Addr)
		}
	}
	return addrs
}
