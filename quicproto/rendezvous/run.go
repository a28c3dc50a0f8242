package rendezvous

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/skulltech/prattle/certs"
)

const (
	// steady is how long a connection lasts that was worth it: after a shorter one
	// the client waits longer each time, as after an attempt that failed.
	steady = 10 * time.Second
	// registerTimeout is the patience for the answer to a register.
	registerTimeout = 5 * time.Second
	// linger is how long the connection before is kept for what is under way by it.
	linger = 5 * time.Second
	// keyCheck is how often the client looks whether it needs a new key.
	keyCheck = 10 * time.Second
	// kickPause is the least time between two connections, however often Kick is
	// called.
	kickPause = time.Second
)

// Run connects to a server, registers and stays registered until ctx ends: after a
// loss it connects again, at another server if it must. It returns an error only if
// the configuration makes no sense; everything else is in State. Run is called once.
func (c *Client) Run(ctx context.Context) error {
	names, err := c.check()
	if err != nil {
		c.fail(err)
		return err
	}
	var watch sync.WaitGroup
	watch.Go(func() { c.watchSleep(ctx) })
	defer watch.Wait()
	defer c.running.Wait()
	defer c.leave()
	var retry backoff
	for ctx.Err() == nil {
		began := time.Now()
		s, err := c.attempt(ctx, names)
		if err == nil {
			c.adopt(ctx, s)
			err = c.attend(ctx, s)
		}
		if time.Since(began) >= steady {
			retry.reset()
		}
		wait := max(kickPause-time.Since(began), 0)
		if err != nil && ctx.Err() == nil {
			c.fail(err)
			wait = retry.next(rand.Float64())
		}
		if c.pause(ctx, wait) {
			retry.reset()
		}
	}
	return nil
}

// attempt is connect, given up if Kick is called when it has taken a while: it may
// wait for an answer that a network which is gone would have brought.
func (c *Client) attempt(ctx context.Context, names []serverName) (*session, error) {
	ctx, cancel := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-time.After(kickPause):
		case <-ctx.Done():
			return
		}
		select {
		case <-c.kicked:
			cancel()
			c.Kick() // what follows the attempt is to know
		case <-ctx.Done():
		}
	})
	defer watch.Wait()
	defer cancel()
	return c.connect(ctx, names)
}

// watchSleep kicks the client when the machine wakes up.
func (c *Client) watchSleep(ctx context.Context) {
	tick := time.NewTicker(sleepTick)
	defer tick.Stop()
	var w sleepWatch
	for {
		select {
		case now := <-tick.C:
			if w.tick(now.Round(0)) {
				c.log.Info("the clock has jumped: connecting anew")
				c.Kick()
			}
		case <-ctx.Done():
			return
		}
	}
}

// pause waits, and says whether something has cut it short: Kick, or the end of a
// connection that was kept until there is another.
func (c *Client) pause(ctx context.Context, wait time.Duration) (short bool) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	var lost <-chan struct{}
	if s := c.session(); s != nil {
		lost = s.done
	}
	select {
	case <-timer.C:
		return false
	case <-ctx.Done():
		return false
	case <-c.kicked:
	case <-lost:
	}
	return true
}

// session is the current connection, or nil.
func (c *Client) session() *session {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current
}

// fail remembers why the client is not registered, if it is not.
func (c *Client) fail(err error) {
	c.log.Info("not registered", "error", err)
	c.update(func() {
		if c.current == nil {
			c.state = State{Err: err}
		}
	})
}

// leave ends the connection when Run ends.
func (c *Client) leave() {
	if s := c.session(); s != nil {
		s.end()
	}
}

// connect registers at the first server that takes us.
func (c *Client) connect(ctx context.Context, names []serverName) (*session, error) {
	places, err := resolve(ctx, names)
	if err != nil {
		return nil, err
	}
	d := dialler{c.config.Listen, c.config.Dial, c.config.Identity.TLSConfig(ALPN, nil, c.accept), c.note}
	for ways := waysTo(c.arrange(places)); ; {
		s, err := d.race(ctx, ways)
		if err != nil {
			return nil, err
		}
		c.running.Go(s.run)
		c.running.Go(s.prove)
		c.running.Go(func() { c.read(s) })
		err = c.register(ctx, s)
		if err == nil {
			return s, nil
		}
		s.end()
		ways = without(ways, s.way, err)
		if len(ways) == 0 || final(err) {
			return nil, err
		}
	}
}

// note remembers why an attempt that still goes on may fail.
func (c *Client) note(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.likely = err
}

// accept decides on the server.
func (c *Client) accept(p certs.Peer) error {
	if c.config.ServerID.IsZero() {
		return nil
	}
	return certs.AcceptOnly(c.config.ServerID)(p)
}

// arrange puts the server that took us last first, and one that has sent us away
// last.
func (c *Client) arrange(places []place) []place {
	c.mu.Lock()
	defer c.mu.Unlock()
	rank := func(p place) int {
		switch p.AddrPort {
		case c.avoid:
			return 2
		case c.last:
			return 0
		}
		return 1
	}
	slices.SortStableFunc(places, func(a, b place) int { return rank(a) - rank(b) })
	return places
}

// register makes our device known, with the newest key.
func (c *Client) register(ctx context.Context, s *session) error {
	ctx, cancel := context.WithTimeout(ctx, registerTimeout)
	defer cancel()
	card, err := c.card()
	if err != nil {
		return err
	}
	a, err := s.ask(ctx, &register{Card: card})
	switch {
	case errors.Is(err, errLost):
		return fmt.Errorf("register: %w", s.err)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("register: %w", ErrUnreachable)
	case err != nil:
		return err
	case a.Code == codeClock:
		return &ClockError{time.Since(time.Unix(int64(a.Time), 0))}
	}
	return a.Code.err()
}

// card is that of the newest key. There is a new one when it is time.
func (c *Client) card() (Card, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if err := c.inbox.advance(now); err != nil {
		return Card{}, err
	}
	return c.inbox.card(now)
}

// err says what a code of the server's means.
func (c code) err() error {
	switch c {
	case codeDone:
		return nil
	case codeGone:
		return ErrOffline
	case codeTooManyDevices:
		return ErrTooManyDevices
	case codeUnavailable:
		return ErrUnreachable
	}
	return ErrBusy
}

// final says whether another attempt, or another server, can make no difference.
func final(err error) bool {
	var clock *ClockError
	var key *certs.KeyMismatchError
	return errors.Is(err, ErrNotAllowed) || errors.Is(err, ErrKeyKind) || errors.Is(err, ErrTooManyDevices) ||
		errors.Is(err, errNoServer) || errors.As(err, &clock) || errors.As(err, &key)
}

// adopt makes s the current connection, unless it has ended already, and ends the one
// before it after a while.
func (c *Client) adopt(ctx context.Context, s *session) {
	select {
	case <-c.kicked: // the answer has come since then
	default:
	}
	var before *session
	c.update(func() {
		if s.link.Context().Err() != nil {
			return // lose may have been here
		}
		before, c.current, c.last = c.current, s, s.way.AddrPort
		c.state = State{Registered: true, Server: s.way.addr().String(), TLS: s.way.tls}
	})
	c.log.Info("registered", "tls", s.way.tls)
	c.log.Debug("registered", "server", s.way.addr())
	if before != nil {
		c.running.Go(func() { before.linger(ctx) })
	}
}

// attend keeps the registration alive until the connection ends, which is an error,
// or another one is wanted.
func (c *Client) attend(ctx context.Context, s *session) error {
	keys := time.NewTicker(keyCheck)
	defer keys.Stop()
	for {
		select {
		case <-s.done:
			return s.err
		case <-s.goAway:
			c.log.Info("the server stops: looking for another")
			c.update(func() { c.avoid = s.way.AddrPort })
			return nil
		case <-c.kicked:
			return nil
		case <-ctx.Done():
			return nil
		case <-s.silent:
			c.log.Info("the server is silent: looking for another")
			return nil
		case <-keys.C:
			if err := c.renew(ctx, s); err != nil {
				s.end()
				return err
			}
		}
	}
}

// renew registers a new key if it is time for one.
func (c *Client) renew(ctx context.Context, s *session) error {
	c.mu.Lock()
	due := c.inbox.due(time.Now())
	c.mu.Unlock()
	if !due {
		return nil
	}
	return c.register(ctx, s)
}
