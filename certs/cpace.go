package certs

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"errors"

	"github.com/gtank/ristretto255"
)

// CPace is a password-authenticated key exchange: a Diffie-Hellman exchange whose
// generator comes from the password. This is the suite CPACE-RISTR255-SHA512 of
// draft-irtf-cfrg-cpace-21 with an initiator and a responder, in the draft's words;
// the elements are those of RFC 9496.

const (
	cpaceDSI    = "CPaceRistretto255"
	cpaceISKDSI = cpaceDSI + "_ISK"
	cpaceMACDSI = "CPaceMac"

	cpaceScalarBits = 252 // G.group_size_bits
	cpaceShareSize  = 32  // bytes of an encoded element
)

// errCPaceShare refuses what is no element of the group, or its neutral element.
var errCPaceShare = errors.New("malformed share")

// cpaceInput is what both parties must agree on: the password-related string, the
// channel identifier and the session identifier.
type cpaceInput struct{ prs, ci, sid []byte }

// cpaceShare is the message of one party: a public share and associated data.
type cpaceShare struct{ y, ad []byte }

// cpaceLVCat is lv_cat: each field behind its length in LEB128.
func cpaceLVCat(fields ...[]byte) []byte {
	var b []byte
	for _, f := range fields {
		b = binary.AppendUvarint(b, uint64(len(f)))
		b = append(b, f...)
	}
	return b
}

// generatorString is generator_string. Zeros fill the first block of the hash after
// the password, so that its length does not show in the time that hashing takes.
func (in cpaceInput) generatorString() []byte {
	dsi := []byte(cpaceDSI)
	pad := max(0, sha512.BlockSize-1-len(cpaceLVCat(in.prs))-len(cpaceLVCat(dsi)))
	return cpaceLVCat(dsi, in.prs, make([]byte, pad), in.ci, in.sid)
}

// generator is G.calculate_generator.
func (in cpaceInput) generator() *ristretto255.Element {
	sum := sha512.Sum512(in.generatorString())
	g, err := ristretto255.NewIdentityElement().SetUniformBytes(sum[:])
	if err != nil {
		panic("certs: 64 bytes are not 64 bytes") // its only error
	}
	return g
}

// newCPaceScalar is G.sample_scalar.
func newCPaceScalar() *ristretto255.Scalar {
	var b [32]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	b[31] &= 1<<(cpaceScalarBits%8) - 1
	y, err := ristretto255.NewScalar().SetCanonicalBytes(b[:])
	if err != nil {
		panic("certs: 252 bits exceed the group order") // which is more than 2^252
	}
	return y
}

// scalarMult is G.scalar_mult.
func scalarMult(y *ristretto255.Scalar, g *ristretto255.Element) []byte {
	return ristretto255.NewIdentityElement().ScalarMult(y, g).Bytes()
}

// scalarMultVfy is G.scalar_mult_vfy with the abort that must follow if it yields
// the neutral element.
func scalarMultVfy(y *ristretto255.Scalar, share []byte) ([]byte, error) {
	x, err := ristretto255.NewIdentityElement().SetCanonicalBytes(share)
	if err != nil {
		return nil, errCPaceShare
	}
	k := x.ScalarMult(y, x)
	if k.Equal(ristretto255.NewIdentityElement()) == 1 {
		return nil, errCPaceShare
	}
	return k.Bytes(), nil
}

// cpaceISK is the intermediate session key.
func cpaceISK(sid, k []byte, a, b cpaceShare) []byte {
	transcript := append(cpaceLVCat(a.y, a.ad), cpaceLVCat(b.y, b.ad)...) // transcript_ir
	isk := sha512.Sum512(append(cpaceLVCat([]byte(cpaceISKDSI), sid, k), transcript...))
	return isk[:]
}

// cpaceTags are the authenticator tags of both parties (section "Key confirmation"),
// with HMAC-SHA-256. K and ISK go no further than here.
func cpaceTags(sid, k []byte, a, b cpaceShare) (ta, tb []byte) {
	h := sha512.New()
	h.Write([]byte(cpaceMACDSI))
	h.Write(sid)
	h.Write(cpaceISK(sid, k, a, b))
	macKey := h.Sum(nil)
	tag := func(s cpaceShare) []byte {
		mac := hmac.New(sha256.New, macKey)
		mac.Write(cpaceLVCat(s.y, s.ad))
		return mac.Sum(nil)
	}
	return tag(a), tag(b)
}
