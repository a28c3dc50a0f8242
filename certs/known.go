package certs

import (
	"errors"
	"fmt"
	"slices"
)

// Errors about known peers.
var (
	ErrUnknownPeer = errors.New("not a known peer")
	ErrBlockedPeer = errors.New("peer is blocked")
	ErrNameTaken   = errors.New("name is taken")
	ErrKeyTaken    = errors.New("key is already known by another name")
)

// Contact is one known peer.
type Contact struct {
	Name     string   `json:"name"`
	ID       PeerID   `json:"peer_id"`
	Verified bool     `json:"verified"`      // the two people have compared their keys
	Blocked  bool     `json:"blocked"`       // may not even ring
	Addrs    []string `json:"at,omitempty"`  // HOST:PORT to try, at most 8
	Servers  []Server `json:"via,omitempty"` // rendezvous to ask, at most 2
}

// Known is the list of known peers in memory: names, each pinned to a key. It is
// for one goroutine; KnownFile keeps it on disk. The zero value is an empty list.
type Known struct {
	lines  []*knownLine
	byName map[string]*knownLine // by foldName
	byID   map[PeerID]*knownLine
}

// Contacts lists all known peers in the order of the file.
func (k *Known) Contacts() []Contact {
	var all []Contact
	for _, l := range k.lines {
		if l.contact != nil {
			all = append(all, l.contact.clone())
		}
	}
	return all
}

// ByName finds a peer by its name, in either case. Its error wraps ErrUnknownPeer.
func (k *Known) ByName(name string) (Contact, error) {
	l, err := k.find(name)
	if err != nil {
		return Contact{}, err
	}
	return l.contact.clone(), nil
}

// ByID finds a peer by its key. Its error wraps ErrUnknownPeer.
func (k *Known) ByID(id PeerID) (Contact, error) {
	l := k.byID[id]
	if l == nil {
		return Contact{}, fmt.Errorf("%w: %s", ErrUnknownPeer, id)
	}
	return l.contact.clone(), nil
}

// Recognise says who a peer is that has proved its key: a known peer, or one that
// a CA names. Its error wraps ErrBlockedPeer or ErrUnknownPeer, or is a
// *KeyMismatchError if the peer claims, by a CA or by a key that it succeeds, to be
// somebody who is pinned to another key: what the user has pinned outranks both.
// The successor of a blocked peer is blocked.
func (k *Known) Recognise(p Peer) (Contact, error) {
	if l := k.byID[p.ID]; l != nil {
		if l.contact.Blocked {
			return l.contact.clone(), fmt.Errorf("%w: %s", ErrBlockedPeer, l.contact.Name)
		}
		return l.contact.clone(), nil
	}
	if l := k.byID[p.Succeeds]; l != nil && !p.Succeeds.IsZero() {
		if l.contact.Blocked {
			return Contact{Name: l.contact.Name, ID: p.ID, Blocked: true}, fmt.Errorf("%w: %s", ErrBlockedPeer, l.contact.Name)
		}
		return Contact{ID: p.ID}, &KeyMismatchError{Name: l.contact.Name, Want: l.contact.ID, Got: p.ID, Vouched: true}
	}
	if p.Name == "" {
		return Contact{ID: p.ID}, fmt.Errorf("%w: %s", ErrUnknownPeer, p.ID)
	}
	if l := k.byName[foldName(p.Name)]; l != nil {
		return Contact{ID: p.ID}, &KeyMismatchError{Name: l.contact.Name, Want: l.contact.ID, Got: p.ID}
	}
	return Contact{Name: p.Name, ID: p.ID}, nil
}

// Accept is Recognise for Identity.TLSConfig: known peers only.
func (k *Known) Accept(p Peer) error {
	_, err := k.Recognise(p)
	return err
}

// Add pins a name to a key; the name is put through CleanName. If the two belong
// together already, it adds to what is known: marks and addresses. A name that is
// pinned to another key gives a *KeyMismatchError, a key with another name
// ErrKeyTaken. It returns the contact as it is now.
func (k *Known) Add(c Contact) (Contact, error) {
	c, err := c.clean()
	if err != nil {
		return Contact{}, err
	}
	if l := k.byName[foldName(c.Name)]; l != nil {
		if l.contact.ID != c.ID {
			return Contact{}, &KeyMismatchError{Name: l.contact.Name, Want: l.contact.ID, Got: c.ID}
		}
		return k.merge(l, c)
	}
	if l := k.byID[c.ID]; l != nil {
		return Contact{}, fmt.Errorf("%w: %s is %s", ErrKeyTaken, c.ID.Short(), l.contact.Name)
	}
	l := &knownLine{contact: &c}
	l.write()
	k.lines = append(k.lines, l)
	k.index(l)
	return c.clone(), nil
}

func (k *Known) merge(l *knownLine, c Contact) (Contact, error) {
	merged := l.contact.clone()
	merged.Verified = merged.Verified || c.Verified
	merged.Blocked = merged.Blocked || c.Blocked
	for _, addr := range c.Addrs {
		if !slices.Contains(merged.Addrs, addr) {
			merged.Addrs = append(merged.Addrs, addr)
		}
	}
	if len(merged.Addrs) > maxAddrs {
		return Contact{}, fmt.Errorf("%s has more than %d addresses", merged.Name, maxAddrs)
	}
	for _, s := range c.Servers {
		if !slices.Contains(merged.Servers, s) {
			merged.Servers = append(merged.Servers, s)
		}
	}
	if extra := len(merged.Servers) - maxServers; extra > 0 {
		merged.Servers = merged.Servers[extra:] // people move: the latest are right
	}
	*l.contact = merged
	l.write()
	return merged.clone(), nil
}

// Repin gives a known peer another key, which nobody has compared yet. Its error
// wraps ErrUnknownPeer, ErrWeakKey or ErrKeyTaken.
func (k *Known) Repin(name string, id PeerID) (Contact, error) {
	l, err := k.find(name)
	if err != nil {
		return Contact{}, err
	}
	if id.weak() {
		return Contact{}, ErrWeakKey
	}
	if other := k.byID[id]; other != nil && other != l {
		return Contact{}, fmt.Errorf("%w: %s is %s", ErrKeyTaken, id.Short(), other.contact.Name)
	}
	if l.contact.ID != id {
		delete(k.byID, l.contact.ID)
		l.contact.ID, l.contact.Verified = id, false
		l.write()
		k.index(l)
	}
	return l.contact.clone(), nil
}

// Rename gives a peer another name. Its error wraps ErrUnknownPeer, ErrBadName or
// ErrNameTaken.
func (k *Known) Rename(name, to string) (Contact, error) {
	to, err := CleanName(to)
	if err != nil {
		return Contact{}, err
	}
	l, err := k.find(name)
	if err != nil {
		return Contact{}, err
	}
	if other := k.byName[foldName(to)]; other != nil && other != l {
		return Contact{}, fmt.Errorf("%w: %s", ErrNameTaken, other.contact.Name)
	}
	delete(k.byName, foldName(l.contact.Name))
	l.contact.Name = to
	l.write()
	k.index(l)
	return l.contact.clone(), nil
}

// Remove forgets a peer. Its error wraps ErrUnknownPeer.
func (k *Known) Remove(name string) (Contact, error) {
	l, err := k.find(name)
	if err != nil {
		return Contact{}, err
	}
	delete(k.byName, foldName(l.contact.Name))
	delete(k.byID, l.contact.ID)
	k.lines = slices.DeleteFunc(k.lines, func(other *knownLine) bool { return other == l })
	return l.contact.clone(), nil
}

// SetVerified notes whether the user has compared keys with the peer. Its error
// wraps ErrUnknownPeer.
func (k *Known) SetVerified(name string, verified bool) (Contact, error) {
	return k.mark(name, func(c *Contact) { c.Verified = verified })
}

// SetBlocked notes whether the peer may reach us. Its error wraps ErrUnknownPeer.
func (k *Known) SetBlocked(name string, blocked bool) (Contact, error) {
	return k.mark(name, func(c *Contact) { c.Blocked = blocked })
}

func (k *Known) mark(name string, set func(*Contact)) (Contact, error) {
	l, err := k.find(name)
	if err != nil {
		return Contact{}, err
	}
	before := *l.contact
	if set(l.contact); before.Verified != l.contact.Verified || before.Blocked != l.contact.Blocked {
		l.write()
	}
	return l.contact.clone(), nil
}

func (k *Known) find(name string) (*knownLine, error) {
	cleaned, err := CleanName(name)
	if err != nil {
		return nil, err
	}
	if l := k.byName[foldName(cleaned)]; l != nil {
		return l, nil
	}
	return nil, fmt.Errorf("%w: %s", ErrUnknownPeer, cleaned)
}

func (k *Known) index(l *knownLine) {
	if k.byName == nil {
		k.byName, k.byID = make(map[string]*knownLine), make(map[PeerID]*knownLine)
	}
	k.byName[foldName(l.contact.Name)] = l
	k.byID[l.contact.ID] = l
}

func (c Contact) clone() Contact {
	c.Addrs, c.Servers = slices.Clone(c.Addrs), slices.Clone(c.Servers)
	return c
}

// clean checks a contact from outside.
func (c Contact) clean() (Contact, error) {
	name, err := CleanName(c.Name)
	if err != nil {
		return Contact{}, err
	}
	if c.ID.weak() {
		return Contact{}, ErrWeakKey
	}
	if len(c.Addrs) > maxAddrs {
		return Contact{}, fmt.Errorf("%s has more than %d addresses", name, maxAddrs)
	}
	for _, addr := range c.Addrs {
		if _, _, err := splitAddr(addr); err != nil {
			return Contact{}, err
		}
	}
	if err := checkServers(c.Servers); err != nil {
		return Contact{}, err
	}
	c.Name = name
	return c.clone(), nil
}
