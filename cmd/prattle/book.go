package main

import (
	"errors"
	"os"
	"sync"
	"time"

	"github.com/skulltech/prattle/certs"
)

// addressBook is whom the user knows, as a running program sees it: the contacts
// file, which other programs and editors change meanwhile. It is safe for
// concurrent use.
type addressBook struct {
	file certs.KnownFile

	mu    sync.Mutex
	known *certs.Known // never changed once it is here
	stamp fileStamp
}

// fileStamp tells one state of a file from another.
type fileStamp struct {
	modified time.Time
	size     int64
}

func stampOf(path string) fileStamp {
	info, err := os.Stat(path)
	if err != nil {
		return fileStamp{}
	}
	return fileStamp{info.ModTime(), info.Size()}
}

// openBook reads the contacts file at path, or the user's own if path is empty.
func openBook(path string) (*addressBook, error) {
	if path == "" {
		var err error
		if path, err = knownPeersPath(); err != nil {
			return nil, err
		}
	}
	b := &addressBook{file: certs.KnownFile{Path: path}}
	return b, b.read()
}

func (b *addressBook) read() error {
	stamp := stampOf(b.file.Path)
	known, err := b.file.Load()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stamp = stamp // of a file with a fault too: to tell of that once is enough
	if err == nil {
		b.known = known
	}
	return err
}

// refresh reads the file again if it has changed. With an error it is as before.
func (b *addressBook) refresh() (changed bool, err error) {
	b.mu.Lock()
	same := b.stamp == stampOf(b.file.Path)
	b.mu.Unlock()
	if same {
		return false, nil
	}
	err = b.read()
	return err == nil, err
}

// list is the contacts as they were last read. They must not be changed.
func (b *addressBook) list() *certs.Known {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.known
}

// change edits the file and returns the contact as it is now.
func (b *addressBook) change(edit func(*certs.Known) (certs.Contact, error)) (contact certs.Contact, err error) {
	err = b.file.Update(func(k *certs.Known) (err error) {
		contact, err = edit(k)
		return err
	})
	if err != nil {
		return certs.Contact{}, err
	}
	return contact, b.read()
}

// recognise says who a peer is that has proved its key.
func (b *addressBook) recognise(p certs.Peer) acquaintance {
	contact, err := b.list().Recognise(p)
	var mismatch *certs.KeyMismatchError
	switch {
	case errors.Is(err, certs.ErrBlockedPeer):
		return acquaintance{peer: p, kind: blocked, contact: contact}
	case errors.As(err, &mismatch) && mismatch.Vouched:
		return acquaintance{peer: p, kind: successor, contact: certs.Contact{Name: mismatch.Name, ID: mismatch.Want}}
	case err != nil:
		return acquaintance{peer: p, kind: stranger}
	case !b.has(p.ID):
		return acquaintance{peer: p, kind: vouched, contact: contact}
	}
	return acquaintance{peer: p, kind: known, contact: contact}
}

func (b *addressBook) has(id certs.PeerID) bool {
	_, err := b.list().ByID(id)
	return err == nil
}

// acquaintance is what we know of a peer.
type acquaintance struct {
	peer    certs.Peer
	kind    acquaintanceKind
	contact certs.Contact // name and key under which it is known; of a successor, those of its predecessor
	ticket  bool          // one of the two had a ticket of the other
}

type acquaintanceKind int

const (
	stranger  acquaintanceKind = iota
	successor                  // a contact's key has signed that this one takes its place
	vouched                    // a CA of ours says who it is
	known                      // in the contacts
	blocked
)

// verified says whether it is certain who the peer is: the two people have
// compared, a ticket led them to each other, or a CA vouches.
func (a acquaintance) verified() bool {
	return a.kind == known && a.contact.Verified || a.kind == vouched || a.ticket
}
