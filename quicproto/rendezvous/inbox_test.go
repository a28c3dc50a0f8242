package rendezvous

import (
	"encoding/binary"
	"errors"
	"testing"
	"time"
)

func newInbox(t *testing.T) *inbox {
	t.Helper()
	in := &inbox{id: fixedIdentity(t, 1), device: Device{1}}
	if err := in.advance(noon); err != nil {
		t.Fatal(err)
	}
	return in
}

// to is how others see the newest key.
func (in *inbox) to() *contact {
	return &contact{peer: in.id.ID(), device: in.device, public: in.keys[0].private.PublicKey()}
}

func TestInboxTakesEachLetterOnce(t *testing.T) {
	in, alice := newInbox(t), fixedIdentity(t, 2)
	sealed, err := seal(alice, Device{2}, in.to(), nonce{1}, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := in.open(alice.ID(), sealed); err != nil || string(text.Body) != "x" {
		t.Fatalf("%q, %v", text.Body, err)
	}
	if _, err := in.open(alice.ID(), sealed); !errors.Is(err, errRepeated) {
		t.Errorf("again: %v", err)
	}
	again, err := seal(alice, Device{2}, in.to(), nonce{1}, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.open(alice.ID(), again); !errors.Is(err, errRepeated) {
		t.Errorf("sent again by the sender: %v", err)
	}
}

// Keys are replaced in time and kept a little longer, with what they have opened.
func TestInboxReplacesKeys(t *testing.T) {
	in, alice := newInbox(t), fixedIdentity(t, 2)
	old := in.to()
	sealed := func(n byte, to *contact) []byte {
		b, err := seal(alice, Device{2}, to, nonce{n}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	first, late, tooLate := sealed(1, old), sealed(2, old), sealed(3, old)
	for _, step := range []struct {
		at     time.Duration
		due    bool
		keys   int
		letter []byte
		want   error
	}{
		{0, false, 1, first, nil},
		{keyPeriod - 1, false, 1, first, errRepeated},
		{keyPeriod, true, 2, late, nil},
		{keyPeriod + 1, false, 2, first, errRepeated},
		{keyPeriod + keyOverlap, true, 1, tooLate, errUndecipherd},
		{keyPeriod + keyOverlap, false, 1, first, errUndecipherd},
	} {
		now := noon.Add(step.at)
		if got := in.due(now); got != step.due {
			t.Errorf("after %v: due is %v", step.at, got)
		}
		if err := in.advance(now); err != nil {
			t.Fatal(err)
		}
		if len(in.keys) != step.keys {
			t.Errorf("after %v: %d keys, want %d", step.at, len(in.keys), step.keys)
		}
		if _, err := in.open(alice.ID(), step.letter); !errors.Is(err, step.want) {
			t.Errorf("after %v: %v, want %v", step.at, err, step.want)
		}
	}
}

// The memory for letters is bounded, and none is opened twice because of that: the
// key is replaced.
func TestInboxIsFull(t *testing.T) {
	in, alice := newInbox(t), fixedIdentity(t, 2)
	first := nonce{0xff}
	if err := in.admit(0, first); err != nil {
		t.Fatal(err)
	}
	for i := range maxOpened - 1 {
		var n nonce
		binary.BigEndian.PutUint64(n[:], uint64(i))
		if err := in.admit(0, n); err != nil {
			t.Fatal(err)
		}
	}
	sealed, err := seal(alice, Device{2}, in.to(), nonce{0xfe}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.open(alice.ID(), sealed); !errors.Is(err, errKeyWorn) {
		t.Errorf("one more: %v", err)
	}
	if err := in.admit(0, first); !errors.Is(err, errRepeated) {
		t.Errorf("the first again: %v", err)
	}
	if !in.due(noon) {
		t.Error("no new key is due")
	}
	if err := in.advance(noon); err != nil {
		t.Fatal(err)
	}
	if sealed, err = seal(alice, Device{2}, in.to(), nonce{0xfe}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := in.open(alice.ID(), sealed); err != nil {
		t.Errorf("with a new key: %v", err)
	}
}
