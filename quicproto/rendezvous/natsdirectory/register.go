package natsdirectory

import (
	"context"
	"errors"

	"github.com/nats-io/nats.go"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto/rendezvous"
)

// interest is a subscription that several registrations share.
type interest struct {
	registrations int
	nats          *nats.Subscription
}

// entry is a registration and the subjects that make it known.
type entry struct {
	rendezvous.Entry
	directory *Directory
	subjects  []string
}

// Register implements rendezvous.Directory. The bound on the devices of a peer is
// that of each server; a lookup never returns more.
func (d *Directory) Register(r rendezvous.Registration) (rendezvous.Entry, error) {
	local, err := d.local.Register(r)
	if err != nil {
		return nil, err
	}
	e := &entry{local, d, nil}
	for _, s := range subjectsOf(r.Peer, r.Device) {
		if err := d.watch(s); err != nil {
			e.Remove()
			return nil, unavailable(err)
		}
		e.subjects = append(e.subjects, s)
	}
	// If NATS is away there is nobody to tell; subscriptions are made good when it is
	// back.
	if err := d.nats.Publish(takenSubject(r.Peer, r.Device), nil); err == nil {
		d.nats.FlushTimeout(answerTimeout)
	}
	return e, nil
}

// Remove implements rendezvous.Entry.
func (e *entry) Remove() {
	e.Entry.Remove()
	for _, s := range e.subjects {
		e.directory.unwatch(s)
	}
}

// watch counts a registration that needs a subject; the first one subscribes.
func (d *Directory) watch(subject string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if in := d.interests[subject]; in != nil {
		in.registrations++
		return nil
	}
	s, err := d.nats.ChanSubscribe(subject, d.incoming)
	if err != nil {
		return err
	}
	d.interests[subject] = &interest{1, s}
	return nil
}

// unwatch is the end of a registration; the last one unsubscribes.
func (d *Directory) unwatch(subject string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	in := d.interests[subject]
	if in.registrations--; in.registrations > 0 {
		return
	}
	delete(d.interests, subject)
	in.nats.Unsubscribe()
}

// serve answers other servers until the directory is closed.
func (d *Directory) serve() {
	defer close(d.stopped)
	for {
		select {
		case m := <-d.incoming:
			if err := d.handle(m); err != nil {
				d.log.Warn("another server asks nonsense", "error", err)
			}
		case <-d.stop:
			return
		}
	}
}

var errBadSubject = errors.New("unknown subject")

// handle answers a request.
func (d *Directory) handle(m *nats.Msg) error {
	s, err := parseSubject(m.Subject)
	if err != nil {
		return err
	}
	switch s.kind {
	case kindCards:
		return d.handleCards(s.peer, m)
	case kindLetter:
		return d.handleLetter(s, m)
	}
	d.local.Replace(s.peer, s.device)
	return nil
}

func (d *Directory) handleCards(peer certs.PeerID, m *nats.Msg) error {
	cards, err := d.local.Lookup(context.Background(), peer)
	if err != nil {
		return err
	}
	b, err := rendezvous.MarshalCards(cards)
	if err != nil {
		return err
	}
	return m.Respond(b)
}

// handleLetter says nothing if the device has just gone: another server may have it.
func (d *Directory) handleLetter(s subject, m *nats.Msg) error {
	var l rendezvous.Letter
	if err := l.UnmarshalBinary(m.Data); err != nil {
		return err
	}
	if l.To != s.peer || l.Device != s.device {
		return errBadSubject
	}
	switch err := d.local.Forward(context.Background(), l); {
	case err == nil:
		return m.Respond([]byte{resultDone})
	case errors.Is(err, rendezvous.ErrOffline):
		return nil
	}
	return m.Respond([]byte{resultBusy})
}
