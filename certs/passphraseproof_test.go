package certs

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
)

// testPassphrase skips the slow step.
func testPassphrase(text string) *RoomPassphrase { return &RoomPassphrase{prs: []byte(text)} }

func testChannel(caller, callee int) ProofChannel {
	exporter := bytes.Repeat([]byte{byte(caller), byte(callee)}, RoomExporterSize/2)
	return ProofChannel{Exporter: exporter, Caller: testID(caller), Callee: testID(callee)}
}

func newTestOffer(t testing.TB, p *RoomPassphrase, c ProofChannel) *PassphraseOffer {
	t.Helper()
	offer, err := p.Offer(c)
	if err != nil {
		t.Fatal(err)
	}
	return offer
}

func newTestChallenge(t testing.TB, p *RoomPassphrase, c ProofChannel, share []byte) *PassphraseChallenge {
	t.Helper()
	challenge, err := p.Challenge(c, share)
	if err != nil {
		t.Fatal(err)
	}
	return challenge
}

// newTestProof begins a proof that would succeed.
func newTestProof(t testing.TB) (*PassphraseOffer, *PassphraseChallenge, *RoomPassphrase, ProofChannel) {
	t.Helper()
	p, c := testPassphrase("horse"), testChannel(1, 2)
	offer := newTestOffer(t, p, c)
	return offer, newTestChallenge(t, p, c, offer.Share()), p, c
}

func TestPassphraseProof(t *testing.T) {
	offer, challenge, _, _ := newTestProof(t)
	response, err := offer.Answer(challenge.Share(), challenge.Tag())
	if err != nil {
		t.Fatal(err)
	}
	if len(offer.Share()) != PassphraseShareSize || len(challenge.Share()) != PassphraseShareSize ||
		len(challenge.Tag()) != PassphraseTagSize || len(response) != PassphraseTagSize {
		t.Error("a message has another size than it should")
	}
	if err := challenge.Check(response); err != nil {
		t.Error(err)
	}
}

// The wire values, computed by another program.
func TestPassphraseProofGolden(t *testing.T) {
	var exporter [RoomExporterSize]byte
	for i := range exporter {
		exporter[i] = byte(i)
	}
	c := ProofChannel{
		Exporter: exporter[:],
		Caller:   PeerID(fromHex(t, goldenKey)),
		Callee:   PeerID(fromHex(t, "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")),
	}
	p := testPassphrase("Password")
	offer, err1 := p.offer(c, cpaceScalarOf(t, cpaceYA))
	challenge, err2 := p.challenge(c, offer.Share(), cpaceScalarOf(t, cpaceYB))
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	wantHex(t, "the caller's share", offer.Share(), "3a82d06466bf1a2d0797a9733d8a50bf4ac6862ca1c98488972907b538804e22")
	wantHex(t, "the callee's share", challenge.Share(), "26a03459e2178ef8c4ad821ab54b774be9dc0adf61d7c717a5dcc6146f1e8755")
	wantHex(t, "the callee's tag", challenge.Tag(), "fe25fb7c7def9c0bd8c4dcde11e595d4ee4eb1301395a188e948d7e1200745a4")
	response, err := offer.Answer(challenge.Share(), challenge.Tag())
	if err != nil {
		t.Fatal(err)
	}
	wantHex(t, "the caller's tag", response, "96696a69c49705e00b4ddb726a307fafa532f40a7ee4745066112a232c980f1f")
}

// Both sides refuse if they differ in anything, and the caller then sends nothing.
func TestPassphraseProofIsBound(t *testing.T) {
	p, c := testPassphrase("horse"), testChannel(1, 2)
	other := func(change func(*ProofChannel)) ProofChannel {
		d := testChannel(1, 2)
		change(&d)
		return d
	}
	for name, callee := range map[string]struct {
		p *RoomPassphrase
		c ProofChannel
	}{
		"passphrase": {testPassphrase("horses"), c},
		"connection": {p, other(func(d *ProofChannel) { d.Exporter[31] ^= 1 })},
		"caller":     {p, other(func(d *ProofChannel) { d.Caller = testID(3) })},
		"callee":     {p, other(func(d *ProofChannel) { d.Callee = testID(3) })},
		"roles":      {p, other(func(d *ProofChannel) { d.Caller, d.Callee = d.Callee, d.Caller })},
	} {
		offer := newTestOffer(t, p, c)
		challenge := newTestChallenge(t, callee.p, callee.c, offer.Share())
		response, err := offer.Answer(challenge.Share(), challenge.Tag())
		if !errors.Is(err, ErrPassphraseWrong) || response != nil {
			t.Errorf("another %s: %x, %v", name, response, err)
		}
		// What the caller would have said does not convince the callee either.
		forced, err := p.challenge(c, offer.Share(), newCPaceScalar())
		if err != nil {
			t.Fatal(err)
		}
		if err := challenge.Check(forced.want); !errors.Is(err, ErrPassphraseWrong) {
			t.Errorf("another %s: the callee says %v", name, err)
		}
	}
}

// A machine in the middle has a connection to each of two members, with a key of its
// own. Whatever it passes on, neither is convinced.
func TestPassphraseProofMachineInTheMiddle(t *testing.T) {
	p := testPassphrase("horse")
	offer := newTestOffer(t, p, testChannel(1, 3))
	challenge := newTestChallenge(t, p, testChannel(3, 2), offer.Share())
	if _, err := offer.Answer(challenge.Share(), challenge.Tag()); !errors.Is(err, ErrPassphraseWrong) {
		t.Errorf("passed on to the caller: %v", err)
	}
	if err := challenge.Check(challenge.Tag()); !errors.Is(err, ErrPassphraseWrong) {
		t.Errorf("sent back to the callee: %v", err)
	}
}

// A caller who is dialled back by the one it calls must not prove it to itself.
func TestPassphraseProofReflected(t *testing.T) {
	p := testPassphrase("horse")
	ab, ba := testChannel(1, 2), testChannel(2, 1)
	ba.Exporter = ab.Exporter // as if it were one connection
	offer := newTestOffer(t, p, ab)
	mirror := newTestChallenge(t, p, ba, offer.Share())
	if _, err := offer.Answer(mirror.Share(), mirror.Tag()); !errors.Is(err, ErrPassphraseWrong) {
		t.Errorf("its own challenge: %v", err)
	}
	for name, tag := range map[string][]byte{"the tag of a callee": mirror.Tag(), "no tag": nil} {
		offer := newTestOffer(t, p, ab)
		if _, err := offer.Answer(offer.Share(), tag); !errors.Is(err, ErrProofShare) {
			t.Errorf("its own share with %s: %v", name, err)
		}
	}
	offer, challenge, _, _ := newTestProof(t)
	if err := challenge.Check(challenge.Tag()); !errors.Is(err, ErrPassphraseWrong) {
		t.Errorf("the callee's tag sent back: %v", err)
	}
	if _, err := offer.Answer(challenge.Share(), challenge.want); !errors.Is(err, ErrPassphraseWrong) {
		t.Errorf("the caller's tag as the callee's: %v", err)
	}
}

func TestPassphraseProofRefusesShares(t *testing.T) {
	p, c := testPassphrase("horse"), testChannel(1, 2)
	for name, share := range badShares(t) {
		if challenge, err := p.Challenge(c, share); !errors.Is(err, ErrProofShare) || challenge != nil {
			t.Errorf("a caller's share, %s: %v", name, err)
		}
		offer := newTestOffer(t, p, c)
		if response, err := offer.Answer(share, make([]byte, PassphraseTagSize)); !errors.Is(err, ErrProofShare) || response != nil {
			t.Errorf("a callee's share, %s: %v", name, err)
		}
	}
}

// Every bit of every message counts, and so does its length.
func TestPassphraseProofRefusesDamage(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	damage := func(b []byte) []byte {
		b = bytes.Clone(b)
		switch n := rng.IntN(10); n {
		case 0:
			return b[:rng.IntN(len(b))]
		case 1:
			return append(b, 0)
		}
		b[rng.IntN(len(b))] ^= 1 << rng.IntN(8)
		return b
	}
	refused := func(err error) bool { return errors.Is(err, ErrPassphraseWrong) || errors.Is(err, ErrProofShare) }
	for i := range 200 {
		offer, challenge, _, _ := newTestProof(t)
		share, tag := challenge.Share(), challenge.Tag()
		if i%2 == 0 {
			share = damage(share)
		} else {
			tag = damage(tag)
		}
		if _, err := offer.Answer(share, tag); !refused(err) {
			t.Fatalf("seed 1, 2, round %d: the caller says %v", i, err)
		}
		offer, challenge, _, _ = newTestProof(t)
		response, err := offer.Answer(challenge.Share(), challenge.Tag())
		if err != nil {
			t.Fatal(err)
		}
		if err := challenge.Check(damage(response)); !refused(err) {
			t.Fatalf("seed 1, 2, round %d: the callee says %v", i, err)
		}
	}
}

// One connection, one guess: whatever came first, there is no second try.
func TestPassphraseProofHasOneTry(t *testing.T) {
	offer, challenge, _, _ := newTestProof(t)
	if _, err := offer.Answer(challenge.Share(), make([]byte, PassphraseTagSize)); !errors.Is(err, ErrPassphraseWrong) {
		t.Fatal(err)
	}
	if _, err := offer.Answer(challenge.Share(), challenge.Tag()); !errors.Is(err, ErrProofOrder) {
		t.Errorf("a second answer: %v", err)
	}
	right := challenge.want
	if err := challenge.Check(nil); !errors.Is(err, ErrPassphraseWrong) {
		t.Fatal(err)
	}
	if err := challenge.Check(right); !errors.Is(err, ErrProofOrder) {
		t.Errorf("a second check: %v", err)
	}
}

func TestPassphraseProofRefusesChannels(t *testing.T) {
	p := testPassphrase("horse")
	short, alone := testChannel(1, 2), testChannel(1, 1)
	short.Exporter = short.Exporter[:31]
	share := newTestOffer(t, p, testChannel(1, 2)).Share()
	for name, c := range map[string]ProofChannel{"short exporter": short, "one and the same peer": alone} {
		_, err1 := p.Offer(c)
		_, err2 := p.Challenge(c, share)
		if err1 == nil || err2 == nil {
			t.Errorf("%s: %v, %v", name, err1, err2)
		}
	}
}

// Two proofs have nothing in common that could be seen.
func TestPassphraseProofIsFresh(t *testing.T) {
	offer1, challenge1, _, _ := newTestProof(t)
	offer2, challenge2, _, _ := newTestProof(t)
	if bytes.Equal(offer1.Share(), offer2.Share()) || bytes.Equal(challenge1.Share(), challenge2.Share()) || bytes.Equal(challenge1.Tag(), challenge2.Tag()) {
		t.Error("two proofs have a message in common")
	}
}

// The exporter of a real handshake: both ends prove it over one connection, and not
// over the two of a machine in the middle.
func TestPassphraseProofOverTLS(t *testing.T) {
	alice, bob, mallory := testIdentity(t, 1), testIdentity(t, 2), testIdentity(t, 3)
	p := testPassphrase("horse")
	run := func(client, server *Identity) (atClient, atServer ProofChannel) {
		c, s := shakeHands(t, client.TLSConfig(testALPN, nil, AcceptAny), server.TLSConfig(testALPN, nil, AcceptAny))
		var exporters [2][]byte
		for i, seen := range []outcome{c, s} {
			exporter, err := seen.state.ExportKeyingMaterial(RoomExporterLabel, nil, RoomExporterSize)
			if err = errors.Join(seen.err, err); err != nil {
				t.Fatal(err)
			}
			exporters[i] = exporter
		}
		return ProofChannel{exporters[0], client.ID(), server.ID()}, ProofChannel{exporters[1], client.ID(), server.ID()}
	}
	prove := func(caller, callee ProofChannel) error {
		offer := newTestOffer(t, p, caller)
		challenge := newTestChallenge(t, p, callee, offer.Share())
		response, err := offer.Answer(challenge.Share(), challenge.Tag())
		return errors.Join(err, challenge.Check(response))
	}
	atAlice, atBob := run(alice, bob)
	if err := prove(atAlice, atBob); err != nil {
		t.Errorf("over one connection: %v", err)
	}
	atAlice, _ = run(alice, mallory)
	_, atBob = run(mallory, bob)
	atAlice.Callee, atBob.Caller = bob.ID(), alice.ID() // even if nobody looked at keys
	if err := prove(atAlice, atBob); !errors.Is(err, ErrPassphraseWrong) {
		t.Errorf("over two connections: %v", err)
	}
}

// Nothing that does not come from a peer with the passphrase is accepted.
func FuzzPassphraseProof(f *testing.F) {
	_, challenge, _, _ := newTestProof(f)
	f.Add(challenge.Share(), challenge.Tag())
	for _, share := range badShares(f) {
		f.Add(share, make([]byte, PassphraseTagSize))
	}
	p, c := testPassphrase("horse"), testChannel(1, 2)
	f.Fuzz(func(t *testing.T, share, tag []byte) {
		offer := newTestOffer(t, p, c)
		if response, err := offer.Answer(share, tag); err == nil || response != nil {
			t.Errorf("the caller takes %x, %x", share, tag)
		}
		challenge, err := p.Challenge(c, share)
		if err != nil {
			return
		}
		if len(share) != PassphraseShareSize {
			t.Errorf("the callee takes %d bytes for a share", len(share))
		}
		if challenge.Check(tag) == nil {
			t.Errorf("the callee takes %x after %x", tag, share)
		}
	})
}
