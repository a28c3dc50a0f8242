package rendezvous

import (
	"context"
	"errors"
	"testing"

	"github.com/skulltech/prattle/certs"
)

func TestMemory(t *testing.T) {
	m, alice, ctx := NewMemory(), certs.PeerID{1}, context.Background()
	replaced, delivered := 0, 0
	register := func(device byte) (Entry, error) {
		return m.Register(Registration{
			Peer: alice, Device: Device{device}, Card: Card{Key: []byte{device}},
			Deliver:  func(Letter) error { delivered++; return nil },
			Replaced: func() { replaced++ },
		})
	}
	count := func() int {
		cards, err := m.Lookup(ctx, alice)
		if err != nil {
			t.Fatal(err)
		}
		return len(cards)
	}
	first, err := register(0)
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i < MaxDevices; i++ {
		if _, err := register(byte(i)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := register(MaxDevices); !errors.Is(err, ErrTooManyDevices) {
		t.Errorf("one device more: %v", err)
	}
	second, err := register(0)
	if err != nil || replaced != 1 {
		t.Errorf("the same device again: %v, %d replaced", err, replaced)
	}
	first.Remove()
	if n := count(); n != MaxDevices {
		t.Errorf("who was replaced takes its successor along: %d devices", n)
	}
	if err := m.Forward(ctx, Letter{To: alice}); err != nil || delivered != 1 {
		t.Errorf("forward: %v, %d delivered", err, delivered)
	}
	second.Remove()
	second.Remove()
	if n := count(); n != MaxDevices-1 {
		t.Errorf("%d devices after one has gone", n)
	}
	if err := m.Forward(ctx, Letter{To: alice}); !errors.Is(err, ErrOffline) {
		t.Errorf("forward to who has gone: %v", err)
	}
	for i := 1; i < MaxDevices; i++ {
		m.Replace(alice, Device{byte(i)})
	}
	if count() != 0 || len(m.peers) != 0 || replaced != MaxDevices {
		t.Errorf("%d devices of %d peers are left, %d replaced", count(), len(m.peers), replaced)
	}
}
