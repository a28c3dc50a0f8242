package certs

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"regexp"
	"testing"
)

func randomNonce(rng *rand.Rand) (n SASNonce) {
	for i := 0; i < len(n); i += 8 {
		binary.BigEndian.PutUint64(n[i:], rng.Uint64())
	}
	return n
}

func newTestSAS(t testing.TB, exporter []byte, own, peer PeerID, nonce SASNonce) *SAS {
	t.Helper()
	s, err := NewSAS(exporter, own, peer, nonce)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// exchange runs the protocol between two honest ends.
func exchange(t testing.TB, a, b *SAS) {
	t.Helper()
	fromA, err1 := a.HandleCommitment(b.Commitment())
	fromB, err2 := b.HandleCommitment(a.Commitment())
	if err := errors.Join(err1, err2, a.HandleReveal(fromB), b.HandleReveal(fromA)); err != nil {
		t.Fatal(err)
	}
}

func wantDigits(t testing.TB, s *SAS) string {
	t.Helper()
	digits, ok := s.Digits()
	if !ok {
		t.Fatal("no number after the exchange")
	}
	return digits
}

// The wire values, computed by another program.
func TestSASGolden(t *testing.T) {
	var exporter [SASExporterSize]byte
	for i := range exporter {
		exporter[i] = byte(i)
	}
	alice := PeerID(fromHex(t, goldenKey))
	bob := PeerID(fromHex(t, "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"))
	a := newTestSAS(t, exporter[:], alice, bob, SASNonce(bytes.Repeat([]byte{0x11}, SASSize)))
	b := newTestSAS(t, exporter[:], bob, alice, SASNonce(bytes.Repeat([]byte{0x22}, SASSize)))
	const want = "56892ba2904f0fcae9e5bf68ec3cba8d634e0f7bf0883cb8aa811376221569c4"
	if c := a.Commitment(); hex.EncodeToString(c[:]) != want {
		t.Errorf("commitment %x, want %s", c, want)
	}
	exchange(t, a, b)
	for _, s := range []*SAS{a, b} {
		if got := wantDigits(t, s); got != "852 8753" {
			t.Errorf("digits %s, want 852 8753", got)
		}
	}
}

func TestSASIsTheSameAtBothEnds(t *testing.T) {
	form := regexp.MustCompile(`^\d{3} \d{4}$`)
	seen := map[string]bool{}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		exporter := randomNonce(rng)
		a := newTestSAS(t, exporter[:], testID(1), testID(2), randomNonce(rng))
		b := newTestSAS(t, exporter[:], testID(2), testID(1), randomNonce(rng))
		exchange(t, a, b)
		digits := wantDigits(t, a)
		if other := wantDigits(t, b); digits != other || !form.MatchString(digits) {
			t.Fatalf("%q and %q", digits, other)
		}
		seen[digits] = true
	}
	if len(seen) < 990 {
		t.Errorf("only %d different numbers in 1000 calls", len(seen))
	}
}

func TestSASOutOfTurn(t *testing.T) {
	exporter := make([]byte, SASExporterSize)
	a := newTestSAS(t, exporter, testID(1), testID(2), SASNonce{1})
	b := newTestSAS(t, exporter, testID(2), testID(1), SASNonce{2})
	if err := a.HandleReveal(SASNonce{2}); !errors.Is(err, ErrSASOrder) {
		t.Errorf("a nonce before its commitment: %v", err)
	}
	if _, err := a.HandleCommitment(b.Commitment()); err != nil {
		t.Fatal(err)
	}
	if digits, ok := a.Digits(); ok {
		t.Errorf("a number before the nonce: %s", digits)
	}
	if reveal, err := a.HandleCommitment(b.Commitment()); !errors.Is(err, ErrSASOrder) || reveal != (SASNonce{}) {
		t.Errorf("a second commitment: %x, %v", reveal, err)
	}
	if err := a.HandleReveal(SASNonce{3}); !errors.Is(err, ErrSASCommitment) {
		t.Errorf("another nonce than promised: %v", err)
	}
	if _, ok := a.Digits(); ok {
		t.Error("a number after a broken promise")
	}
	if err := a.HandleReveal(SASNonce{2}); err != nil {
		t.Errorf("the promised nonce: %v", err)
	}
	if err := a.HandleReveal(SASNonce{2}); !errors.Is(err, ErrSASOrder) {
		t.Errorf("a second nonce: %v", err)
	}
}

func TestNewSASRefuses(t *testing.T) {
	if _, err := NewSAS(make([]byte, 31), testID(1), testID(2), SASNonce{}); err == nil {
		t.Error("a short exporter")
	}
	if _, err := NewSAS(make([]byte, SASExporterSize), testID(1), testID(1), SASNonce{}); err == nil {
		t.Error("one and the same peer")
	}
}

// A machine in the middle has a connection to each side, with its own key and
// another exporter. Whatever it plays, either the exchange fails and no number is
// shown, or the numbers differ: in each of 1000 calls with fixed seeds, where by
// chance 1 of 10,000,000 pairs would agree.
func TestSASMachineInTheMiddle(t *testing.T) {
	for name, test := range map[string]struct {
		attack func(rng *rand.Rand, a, b *victim) error
		caught bool // by the protocol; else by the two people
	}{
		"honest on both sides":         {attackHonestly, false},
		"the same nonce on both sides": {attackWithOneNonce, false},
		"waits for a nonce to repeat":  {attackByRepeating, false},
		"passes the commitments on":    {attackByRelaying, true},
		"sends a commitment back":      {attackByReflecting, true},
		"looks before it chooses":      {attackByGrinding, true},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(1000) {
				rng := rand.New(rand.NewPCG(seed, 1))
				one, two := randomNonce(rng), randomNonce(rng)
				a := &victim{newTestSAS(t, one[:], testID(1), mallory, randomNonce(rng))}
				b := &victim{newTestSAS(t, two[:], testID(2), mallory, randomNonce(rng))}
				err := test.attack(rng, a, b)
				x, shownA := a.sas.Digits()
				y, shownB := b.sas.Digits()
				switch {
				case errors.Is(err, ErrSASCommitment) != test.caught:
					t.Fatalf("seed %d: %v", seed, err)
				case test.caught && shownA && shownB:
					t.Fatalf("seed %d: both see a number, %s and %s", seed, x, y)
				case !test.caught && (!shownA || !shownB || x == y):
					t.Fatalf("seed %d: they see %q and %q", seed, x, y)
				}
			}
		})
	}
}

var mallory = testID(3)

func attackHonestly(rng *rand.Rand, a, b *victim) error {
	return errors.Join(a.play(randomNonce(rng)), b.play(randomNonce(rng)))
}

func attackWithOneNonce(rng *rand.Rand, a, b *victim) error {
	nonce := randomNonce(rng)
	return errors.Join(a.play(nonce), b.play(nonce))
}

// attackByRepeating finishes with a first, and gives b the nonce of a.
func attackByRepeating(rng *rand.Rand, a, b *victim) error {
	return errors.Join(a.play(randomNonce(rng)), b.play(a.sas.nonce))
}

func attackByRelaying(_ *rand.Rand, a, b *victim) error {
	fromA, err1 := a.sas.HandleCommitment(b.sas.Commitment())
	fromB, err2 := b.sas.HandleCommitment(a.sas.Commitment())
	return errors.Join(err1, err2, a.sas.HandleReveal(fromB), b.sas.HandleReveal(fromA))
}

func attackByReflecting(_ *rand.Rand, a, _ *victim) error {
	reveal, err := a.sas.HandleCommitment(a.sas.Commitment())
	return errors.Join(err, a.sas.HandleReveal(reveal))
}

// attackByGrinding commits to something, and when b has shown its nonce tries
// others that would suit better.
func attackByGrinding(rng *rand.Rand, a, b *victim) error {
	err := a.play(randomNonce(rng))
	promise := SAS{exporter: b.sas.exporter, own: mallory, peer: b.sas.own, nonce: randomNonce(rng)}
	_, e := b.sas.HandleCommitment(promise.Commitment())
	for range 20 {
		if e == nil || errors.Is(e, ErrSASCommitment) {
			e = b.sas.HandleReveal(randomNonce(rng))
		}
	}
	return errors.Join(err, e)
}

// victim is an end that talks to the machine in the middle.
type victim struct{ sas *SAS }

// play is the honest protocol with a nonce that mallory has chosen.
func (v *victim) play(nonce SASNonce) error {
	other := SAS{exporter: v.sas.exporter, own: mallory, peer: v.sas.own, nonce: nonce}
	_, err := v.sas.HandleCommitment(other.Commitment())
	return errors.Join(err, v.sas.HandleReveal(nonce))
}

// A commitment fits one nonce from one peer to another on one connection.
func TestSASCommitmentIsBound(t *testing.T) {
	exporter := make([]byte, SASExporterSize)
	a := newTestSAS(t, exporter, testID(1), testID(2), SASNonce{1})
	base := a.Commitment()
	for name, other := range map[string]*SAS{
		"nonce":      newTestSAS(t, exporter, testID(1), testID(2), SASNonce{2}),
		"sender":     newTestSAS(t, exporter, testID(3), testID(2), SASNonce{1}),
		"receiver":   newTestSAS(t, exporter, testID(1), testID(3), SASNonce{1}),
		"direction":  newTestSAS(t, exporter, testID(2), testID(1), SASNonce{1}),
		"connection": newTestSAS(t, bytes.Repeat([]byte{1}, SASExporterSize), testID(1), testID(2), SASNonce{1}),
	} {
		if other.Commitment() == base {
			t.Errorf("the commitment does not depend on the %s", name)
		}
	}
}

// The exporter of a real handshake: both ends see one number, and the two
// connections of a machine in the middle give two.
func TestSASOverTLS(t *testing.T) {
	alice, bob, mallory := testIdentity(t, 1), testIdentity(t, 2), testIdentity(t, 3)
	run := func(client, server *Identity) (atClient, atServer *SAS) {
		c, s := shakeHands(t, client.TLSConfig(testALPN, nil, AcceptAny), server.TLSConfig(testALPN, nil, AcceptAny))
		ends := make([]*SAS, 2)
		for i, seen := range []outcome{c, s} {
			exporter, err := seen.state.ExportKeyingMaterial(SASExporterLabel, nil, SASExporterSize)
			if err = errors.Join(seen.err, err); err != nil {
				t.Fatal(err)
			}
			own, peer := client.ID(), server.ID()
			if i == 1 {
				own, peer = peer, own
			}
			ends[i] = newTestSAS(t, exporter, own, peer, NewSASNonce())
		}
		exchange(t, ends[0], ends[1])
		return ends[0], ends[1]
	}
	a, b := run(alice, bob)
	if wantDigits(t, a) != wantDigits(t, b) {
		t.Error("the two ends of a connection see two numbers")
	}
	atAlice, _ := run(alice, mallory)
	_, atBob := run(mallory, bob)
	if bytes.Equal(atAlice.exporter, atBob.exporter) {
		t.Error("two connections have one exporter")
	}
}
