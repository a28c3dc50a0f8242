package rendezvous

import (
	"time"

	"github.com/skulltech/prattle/certs"
)

// read handles what comes by a connection until it ends.
func (c *Client) read(s *session) {
	s.err = s.read(func(m message) { c.handle(s, m) })
	s.link.free()
	c.lose(s)
	close(s.done)
}

// lose notes the end of a connection.
func (c *Client) lose(s *session) {
	c.mu.Lock()
	current := c.current == s
	c.mu.Unlock()
	if current {
		c.update(func() { c.current, c.state = nil, State{Err: s.err} })
	}
}

func (c *Client) handle(s *session, m message) {
	switch m := m.(type) {
	case *answer:
		s.handleAnswer(m)
	case *mail:
		c.handleMail(m)
	case *services:
		c.handleServices(m)
	case *goAway:
		s.handleGoAway()
	}
}

func (s *session) handleGoAway() {
	select {
	case <-s.goAway:
	default:
		close(s.goAway)
	}
}

// handleMail opens mail and hands it over. What cannot be opened is no news to
// anybody: the server, or who has sent it, is not what it should be.
func (c *Client) handleMail(m *mail) {
	from := certs.PeerID(m.From)
	text, err := c.open(from, m.Sealed)
	if err != nil {
		c.log.Info("mail dropped", "from", from.Short(), "error", err)
		return
	}
	out := Mail{From: from, Device: text.Device, Body: text.Body}
	if sender, err := m.Card.open(from); err == nil && sender.device == text.Device && sender.valid(time.Now()) {
		out.sender = &sender
	}
	c.handling.Lock()
	defer c.handling.Unlock()
	c.config.Handle(out)
}

func (c *Client) open(from certs.PeerID, sealed []byte) (letterText, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.inbox.open(from, sealed)
}

func (c *Client) handleServices(m *services) {
	s := m.received(time.Now())
	c.update(func() { c.services = s })
}
