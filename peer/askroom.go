package peer

import (
	"context"
	"net"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/quicproto"
)

// RoomInfo is what a member tells of its room.
type RoomInfo struct {
	Name    string       // filtered
	Members []string     // what they call themselves, the one asked first; filtered
	Asked   certs.PeerID // who says so
}

// AskRoom asks a member, at the first of addrs where one answers, which room it is in
// and who is there. Members tell only those whom they would let in without a
// passphrase; others get ErrDeclined.
func (r *Room) AskRoom(ctx context.Context, addrs []net.Addr) (RoomInfo, error) {
	dialling, cancel := context.WithCancel(ctx)
	defer cancel()
	d, _ := r.dialFirst(dialling, addrs, certs.PeerID{}, CallOptions{})
	if d.err != nil {
		return RoomInfo{}, d.err
	}
	defer d.discard()
	them, err := certs.VerifyPeer(d.conn.TLS(), r.cfg.Authorities, time.Now())
	if err != nil {
		return RoomInfo{}, err
	}
	d.conn.Send(new(quicproto.Hello)) // without a name
	d.conn.Send(new(quicproto.AskRoom))
	for {
		m, err := receive(ctx, d.conn)
		if err != nil {
			return RoomInfo{}, err
		}
		switch m := m.(type) {
		case *quicproto.Hello:
		case *quicproto.RoomInfo:
			return roomInfo(them.ID, m), nil
		default:
			return RoomInfo{}, ErrDeclined
		}
	}
}

// receive waits for the next message. What has come counts before the end of the
// connection.
func receive(ctx context.Context, conn *quicproto.Conn) (quicproto.Message, error) {
	select {
	case m := <-conn.Messages():
		return m, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-conn.Done():
	}
	select {
	case m := <-conn.Messages():
		return m, nil
	default:
		return nil, ErrDeclined
	}
}

func roomInfo(asked certs.PeerID, m *quicproto.RoomInfo) RoomInfo {
	info := RoomInfo{Name: media.CleanText(m.Name, maxName), Asked: asked}
	for _, name := range m.Members {
		info.Members = append(info.Members, media.CleanText(name, maxName))
	}
	return info
}

// answerAskRoom tells who is in our room to somebody who may know, and ends the
// connection.
func (l *Link) answerAskRoom() {
	r := l.room
	r.mu.Lock()
	c := r.conference
	r.line.end(l.party)
	l.party.step = stepOver
	r.mu.Unlock()
	if c == nil || !c.knows(l.cert) {
		l.call.refuse(&quicproto.Decline{Code: quicproto.DeclineNoRoom})
		return
	}
	m := &quicproto.RoomInfo{Name: c.opts.Name, Members: []string{r.name()}}
	for _, other := range c.Members() {
		if len(m.Members) < quicproto.MaxMembers {
			m.Members = append(m.Members, other.Name())
		}
	}
	l.call.send(m)
	l.call.hangUp("")
}

// knows says whether somebody may know who is in the room. So may our own other
// programs.
func (c *Conference) knows(p certs.Peer) bool {
	if p.ID == c.room.cfg.Identity.ID() {
		return true
	}
	c.mu.Lock()
	admitted := c.members.admitted(p.ID) && !c.members.removed(p.ID)
	c.mu.Unlock()
	tell := c.opts.Tell
	if tell == nil {
		tell = c.opts.Admit
	}
	return admitted || tell != nil && tell(p)
}
