package rendezvous

import (
	"context"
	"sync"

	"github.com/skulltech/prattle/certs"
)

// Memory is the Directory of a server that stands alone.
type Memory struct {
	mu    sync.Mutex
	peers map[certs.PeerID]map[Device]*memoryEntry
}

// memoryEntry is a registration in a Memory, under its lock.
type memoryEntry struct {
	memory *Memory
	Registration
}

// NewMemory makes an empty directory.
func NewMemory() *Memory { return &Memory{peers: make(map[certs.PeerID]map[Device]*memoryEntry)} }

// Register implements Directory.
func (m *Memory) Register(r Registration) (Entry, error) {
	e := &memoryEntry{m, r}
	before, err := m.put(e)
	if err != nil {
		return nil, err
	}
	if before != nil {
		before.Replaced()
	}
	return e, nil
}

// put adds a registration and returns the one whose place it takes.
func (m *Memory) put(e *memoryEntry) (before *memoryEntry, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	devices := m.peers[e.Peer]
	before = devices[e.Device]
	switch {
	case before == nil && len(devices) >= MaxDevices:
		return nil, ErrTooManyDevices
	case devices == nil:
		devices = make(map[Device]*memoryEntry)
		m.peers[e.Peer] = devices
	}
	devices[e.Device] = e
	return before, nil
}

// Renew implements Entry.
func (e *memoryEntry) Renew(c Card) {
	e.memory.mu.Lock()
	defer e.memory.mu.Unlock()
	e.Card = c
}

// Remove implements Entry.
func (e *memoryEntry) Remove() {
	m := e.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	devices := m.peers[e.Peer]
	if devices[e.Device] != e {
		return
	}
	delete(devices, e.Device)
	if len(devices) == 0 {
		delete(m.peers, e.Peer)
	}
}

// Replace ends the registration of a device, if there is one: another server has a
// newer one of it.
func (m *Memory) Replace(peer certs.PeerID, device Device) {
	m.mu.Lock()
	e := m.peers[peer][device]
	m.mu.Unlock()
	if e != nil {
		e.Remove()
		e.Replaced()
	}
}

// Lookup implements Directory.
func (m *Memory) Lookup(_ context.Context, peer certs.PeerID) ([]Card, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var cards []Card
	for _, e := range m.peers[peer] {
		cards = append(cards, e.Card)
	}
	return cards, nil
}

// Forward implements Directory.
func (m *Memory) Forward(_ context.Context, l Letter) error {
	m.mu.Lock()
	e := m.peers[l.To][l.Device]
	m.mu.Unlock()
	if e == nil {
		return ErrOffline
	}
	return e.Deliver(l)
}
