package certs

import (
	"bytes"
	"crypto/hmac"
	"errors"
	"fmt"
	"io"

	"github.com/gtank/ristretto255"
)

// Two peers who know the passphrase of a room prove it to each other without giving
// it away (CPace, draft-irtf-cfrg-cpace-21, with key confirmation):
//
//	caller                                callee
//	  share                       ->              PassphraseOffer
//	                              <- share, tag   PassphraseChallenge: "I know it"
//	  tag: "so do I"              ->
//
// Who only listens learns nothing, whatever passphrases it tries afterwards. Who
// takes part, as a caller, a callee or a machine in the middle, can try one
// passphrase for each connection, and knows whether it was right: a caller from the
// challenge, even if it never responds, a callee from the response. So each proof
// that is begun counts as a wrong guess until it has succeeded; see Guesses.
//
// The proof hangs on the TLS exporter and on the keys of both ends in their roles.
// So it holds for one connection only: whoever sits between two members with a
// connection to each cannot pass it on, nor send back what it has received, nor use
// it with a third member.

// RoomExporterLabel and RoomExporterSize are what to ask ExportKeyingMaterial for,
// with a nil context (RFC 8446, section 7.5).
const (
	RoomExporterLabel = "EXPORTER-prattle-room"
	RoomExporterSize  = 32 // bytes
)

// Sizes of the messages, in bytes.
const (
	PassphraseShareSize = cpaceShareSize
	PassphraseTagSize   = 32
)

// Errors of proofs, besides ErrPassphraseWrong. After any of them the other side
// has proved nothing and the proof is over.
var (
	ErrProofShare = errors.New("passphrase proof: malformed share")
	ErrProofOrder = errors.New("passphrase proof: message out of turn")
)

// What stands before the identities, and for them beside the shares, so that no tag
// of one role is one of the other.
const (
	proofLabel  = "prattle room passphrase v1"
	proofCaller = "caller"
	proofCallee = "callee"
)

// ProofChannel is the connection for which a proof holds.
type ProofChannel struct {
	Exporter []byte // RoomExporterSize bytes
	Caller   PeerID // who has dialled
	Callee   PeerID
}

// PassphraseOffer is the caller's side of a proof: send Share, then Answer.
type PassphraseOffer struct {
	sid    []byte
	share  []byte
	scalar *ristretto255.Scalar // nil once it was used
}

// PassphraseChallenge is the callee's side: send Share and Tag, then Check.
type PassphraseChallenge struct {
	share, tag []byte
	want       []byte // the caller's tag; nil once it was compared
}

// Offer begins a proof on a connection that we have dialled. It fails if the
// channel makes no sense.
func (p *RoomPassphrase) Offer(c ProofChannel) (*PassphraseOffer, error) {
	return p.offer(c, newCPaceScalar())
}

func (p *RoomPassphrase) offer(c ProofChannel, scalar *ristretto255.Scalar) (*PassphraseOffer, error) {
	in, err := p.input(c)
	if err != nil {
		return nil, err
	}
	return &PassphraseOffer{sid: in.sid, share: scalarMult(scalar, in.generator()), scalar: scalar}, nil
}

// Challenge takes the caller's share on a connection that we have accepted. Its
// error is ErrProofShare if that is none.
func (p *RoomPassphrase) Challenge(c ProofChannel, share []byte) (*PassphraseChallenge, error) {
	return p.challenge(c, share, newCPaceScalar())
}

func (p *RoomPassphrase) challenge(c ProofChannel, share []byte, scalar *ristretto255.Scalar) (*PassphraseChallenge, error) {
	in, err := p.input(c)
	if err != nil {
		return nil, err
	}
	k, err := scalarMultVfy(scalar, share)
	if err != nil {
		return nil, ErrProofShare
	}
	own := scalarMult(scalar, in.generator())
	ta, tb := proofTags(in.sid, k, share, own)
	return &PassphraseChallenge{share: own, tag: tb, want: ta}, nil
}

// input is what both ends must agree on. Identities go into the channel identifier
// in the order of their roles, as the draft recommends.
func (p *RoomPassphrase) input(c ProofChannel) (cpaceInput, error) {
	if len(c.Exporter) != RoomExporterSize {
		return cpaceInput{}, fmt.Errorf("passphrase proof: exporter of %d bytes, want %d", len(c.Exporter), RoomExporterSize)
	}
	if c.Caller == c.Callee {
		return cpaceInput{}, errors.New("passphrase proof: both ends have the same key")
	}
	ci := cpaceLVCat([]byte(proofLabel), c.Caller[:], c.Callee[:])
	return cpaceInput{prs: p.prs, ci: ci, sid: bytes.Clone(c.Exporter)}, nil
}

func proofTags(sid, k, callerShare, calleeShare []byte) (ta, tb []byte) {
	return cpaceTags(sid, k, cpaceShare{callerShare, []byte(proofCaller)}, cpaceShare{calleeShare, []byte(proofCallee)})
}

// Share is the caller's message.
func (o *PassphraseOffer) Share() []byte { return bytes.Clone(o.share) }

// Answer takes the callee's share and tag. If the callee knows the passphrase it
// returns the tag to send back; else ErrPassphraseWrong, and nothing may be sent. It
// can be called once: later ones give ErrProofOrder.
func (o *PassphraseOffer) Answer(share, tag []byte) (response []byte, err error) {
	scalar := o.scalar
	o.scalar = nil // two answers with one would be two guesses
	if scalar == nil {
		return nil, ErrProofOrder
	}
	if bytes.Equal(share, o.share) {
		return nil, ErrProofShare // our own, sent back
	}
	k, err := scalarMultVfy(scalar, share)
	if err != nil {
		return nil, ErrProofShare
	}
	ta, tb := proofTags(o.sid, k, o.share, share)
	if !hmac.Equal(tag, tb) { // in constant time
		return nil, ErrPassphraseWrong
	}
	return ta, nil
}

// Share is one part of the callee's message.
func (c *PassphraseChallenge) Share() []byte { return bytes.Clone(c.share) }

// Tag is the other part.
func (c *PassphraseChallenge) Tag() []byte { return bytes.Clone(c.tag) }

// Check takes the caller's tag: nil if the caller knows the passphrase, else
// ErrPassphraseWrong. It can be called once: later ones give ErrProofOrder.
func (c *PassphraseChallenge) Check(tag []byte) error {
	want := c.want
	c.want = nil
	switch {
	case want == nil:
		return ErrProofOrder
	case !hmac.Equal(tag, want): // in constant time
		return ErrPassphraseWrong
	}
	return nil
}

// Format hides the secret whatever the verb.
func (o PassphraseOffer) Format(f fmt.State, _ rune) { io.WriteString(f, "[secret]") }

// MarshalText hides the secret from JSON.
func (o PassphraseOffer) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

// Format hides the secret whatever the verb.
func (c PassphraseChallenge) Format(f fmt.State, _ rune) { io.WriteString(f, "[secret]") }

// MarshalText hides the secret from JSON.
func (c PassphraseChallenge) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }
