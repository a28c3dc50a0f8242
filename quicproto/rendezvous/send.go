package rendezvous

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/skulltech/prattle/certs"
)

// Send seals body for each device of a peer and sends it; of one's own peer ID, to
// the other devices. It returns how many the server has taken it for, which is not
// how many have it: a device that is gone since a few seconds may be among them, or
// one that changes networks over a bad link. So who waits for an answer sends again
// after a few seconds. While the client is not registered Send waits, until ctx ends.
// Its errors wrap ErrOffline, ErrUnreachable,
// ErrNotAllowed, ErrBusy, ErrForged, ErrTooLong, ErrTooManyDevices, ErrKeyKind,
// *ClockError or *certs.KeyMismatchError.
func (c *Client) Send(ctx context.Context, to certs.PeerID, body []byte) (devices int, err error) {
	return c.deliver(ctx, body, func(s *session) ([]contact, error) { return c.lookup(ctx, s, to) })
}

// Reply is Send to the one device that has sent m.
func (c *Client) Reply(ctx context.Context, m Mail, body []byte) error {
	_, err := c.deliver(ctx, body, func(s *session) ([]contact, error) { return c.sender(ctx, s, m) })
	return err
}

// deliver sends a letter to those whom find finds. If the connection is lost on the
// way, it begins again by the next one; a device that has the letter already drops
// it then.
func (c *Client) deliver(ctx context.Context, body []byte, find func(*session) ([]contact, error)) (devices int, err error) {
	if len(body) > MaxBody {
		return 0, ErrTooLong
	}
	n := newNonce()
	for {
		s, err := c.registered(ctx)
		if err != nil {
			return 0, err
		}
		contacts, err := find(s)
		if err == nil {
			devices, err = c.post(ctx, s, contacts, n, body)
		}
		if !errors.Is(err, errLost) {
			return devices, outcome(err)
		}
	}
}

// sender finds the device that has sent m: by its card, or by looking it up.
func (c *Client) sender(ctx context.Context, s *session, m Mail) ([]contact, error) {
	if m.sender != nil && m.sender.valid(time.Now()) {
		return []contact{*m.sender}, nil
	}
	contacts, err := c.lookup(ctx, s, m.From)
	return slices.DeleteFunc(contacts, func(c contact) bool { return c.device != m.Device }), err
}

// outcome names the error of a request that took too long.
func outcome(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return ErrUnreachable
	}
	return err
}

func newNonce() (n nonce) {
	rand.Read(n[:])
	return n
}

// registered returns the current connection. It waits for one, but not if none can
// be had.
func (c *Client) registered(ctx context.Context) (*session, error) {
	for {
		changed := c.Changed()
		s, state := c.session(), c.State()
		switch {
		case s != nil:
			return s, nil
		case final(state.Err):
			return nil, state.Err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, unreachable(ctx, cmp.Or(state.Err, c.likelyCause()))
		}
	}
}

func (c *Client) likelyCause() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.likely
}

// unreachable is the error for a wait for a connection that has ended.
func unreachable(ctx context.Context, cause error) error {
	switch {
	case errors.Is(cause, ErrUnreachable), errors.Is(cause, ErrBusy):
		return cause
	case cause != nil:
		return fmt.Errorf("%w: %w", ErrUnreachable, cause)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return ErrUnreachable
	}
	return ctx.Err()
}

// lookup finds the devices of a peer, other than this one, and verifies them.
func (c *Client) lookup(ctx context.Context, s *session, peer certs.PeerID) ([]contact, error) {
	a, err := s.ask(ctx, &lookup{Peer: peerID(peer)})
	if err != nil {
		return nil, err
	}
	if err := a.Code.err(); err != nil {
		return nil, err
	}
	contacts, err := c.contacts(peer, a.Cards)
	switch {
	case len(contacts) > 0:
		return contacts, nil
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrForged, err)
	}
	return nil, ErrOffline
}

// contacts opens the cards that a server shows for a peer: of each other device the
// newest. What is wrong with one is an error, though the others are good.
func (c *Client) contacts(peer certs.PeerID, cards []Card) (contacts []contact, err error) {
	now := time.Now()
	for _, card := range cards {
		k, bad := card.open(peer)
		switch {
		case bad != nil:
			err = bad
		case !k.valid(now):
			err = errCardExpired
		case k.device != c.device:
			contacts = append(contacts, k)
		}
	}
	slices.SortStableFunc(contacts, func(a, b contact) int { return b.expires.Compare(a.expires) })
	seen := make(map[Device]bool)
	return slices.DeleteFunc(contacts, func(k contact) bool {
		before := seen[k.device]
		seen[k.device] = true
		return before
	}), err
}

// post sends a letter to devices. It is an error if none takes it.
func (c *Client) post(ctx context.Context, s *session, contacts []contact, n nonce, body []byte) (devices int, err error) {
	var under []*pending
	for i := range contacts {
		to := &contacts[i]
		sealed, err := seal(c.config.Identity, c.device, to, n, body)
		if err != nil {
			return 0, err
		}
		p, err := s.begin(&send{To: peerID(to.peer), Device: to.device, Sealed: sealed})
		if err != nil {
			return 0, err
		}
		under = append(under, p)
	}
	err = ErrOffline
	for _, p := range under {
		a, failed := p.wait(ctx)
		if failed != nil {
			return devices, failed
		}
		if failed = a.Code.err(); failed == nil {
			devices++
		} else if !errors.Is(failed, ErrOffline) {
			err = failed
		}
	}
	if devices > 0 {
		err = nil
	}
	return devices, err
}
