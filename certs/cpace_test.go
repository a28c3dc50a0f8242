package certs

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/gtank/ristretto255"
)

// The vectors of draft-irtf-cfrg-cpace-21, appendix "Test vector for CPace using
// group ristretto255 and hash SHA-512".
const (
	cpaceCI  = "0b415f696e69746961746f720b425f726573706f6e646572"
	cpaceSID = "7e4b4791d6a8ef019b936c79fb7f2c57"
	cpaceYA  = "da3d23700a9e5699258aef94dc060dfda5ebb61f02a5ea77fad53f4ff0976d08" // scalar
	cpaceYB  = "d2316b454718c35362d83d69df6320f38578ed5984651435e2949762d900b80d" // scalar
	cpaceA   = "d6bac480f2c386c394efc7c47adb9925dcd2630b64f240c50f8d0eec482b9157" // element
	cpaceB   = "3ea7e0b19560d7c0b0f5734f63b955286dfa8232b5ebe63324e2d9e7433f7258" // element
	cpaceK   = "80b69a8a76457ab6a4d7f887a4bf6b55a2f80ac19c333f917a05fc9887c8b40f"
	cpaceKey = "b69effbf61b51d56401c0f65601abe428de8206feaaf0e32198896dcae7b35cd" +
		"2b38950a39dfd5d4a79164614c2984f7daa460b588c1e80c3fa2068af7900447"

	cpaceScalar  = "7cd0e075fa7955ba52c02759a6c90dbbfc10e6d40aea8d283e407d88cf538a05"
	cpaceValid   = "2c3c6b8c4f3800e7aef6864025b4ed79bd599117e427c41bd47d93d654b4a51c"
	cpaceProduct = "7c13645fe790a468f62c39beb7388e541d8405d1ade69d1778c5fe3e7f6b600e"
	cpaceInvalid = "2b3c6b8c4f3800e7aef6864025b4ed79bd599117e427c41bd47d93d654b4a51c"
	cpaceNeutral = "0000000000000000000000000000000000000000000000000000000000000000"
)

func cpaceScalarOf(t testing.TB, text string) *ristretto255.Scalar {
	t.Helper()
	y, err := ristretto255.NewScalar().SetCanonicalBytes(fromHex(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return y
}

func wantHex(t *testing.T, what string, got []byte, want string) {
	t.Helper()
	if hex.EncodeToString(got) != want {
		t.Errorf("%s is %x, want %s", what, got, want)
	}
}

func TestCPaceVectors(t *testing.T) {
	in := cpaceInput{prs: []byte("Password"), ci: fromHex(t, cpaceCI), sid: fromHex(t, cpaceSID)}
	gen := in.generatorString()
	if len(gen) != 170 || !bytes.HasPrefix(gen, fromHex(t, "11435061636552697374726574746f3235350850617373776f726464")) {
		t.Errorf("generator string is %x", gen)
	}
	g := in.generator()
	wantHex(t, "the generator", g.Bytes(), "222b6b195fe84b1652badb6f6a3ae3d24341e7306967f0b8115b40d5698c7e56")
	ya, yb := cpaceScalarOf(t, cpaceYA), cpaceScalarOf(t, cpaceYB)
	a := cpaceShare{scalarMult(ya, g), []byte("ADa")}
	b := cpaceShare{scalarMult(yb, g), []byte("ADb")}
	wantHex(t, "Ya", a.y, cpaceA)
	wantHex(t, "Yb", b.y, cpaceB)
	atA, err1 := scalarMultVfy(ya, b.y)
	atB, err2 := scalarMultVfy(yb, a.y)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	wantHex(t, "K at A", atA, cpaceK)
	wantHex(t, "K at B", atB, cpaceK)
	wantHex(t, "ISK", cpaceISK(in.sid, atA, a, b), cpaceKey)
}

func TestCPaceScalarMultVfy(t *testing.T) {
	s := cpaceScalarOf(t, cpaceScalar)
	got, err := scalarMultVfy(s, fromHex(t, cpaceValid))
	if err != nil {
		t.Fatal(err)
	}
	wantHex(t, "the product", got, cpaceProduct)
	for name, share := range badShares(t) {
		if got, err := scalarMultVfy(s, share); !errors.Is(err, errCPaceShare) {
			t.Errorf("%s: %x, %v", name, got, err)
		}
	}
}

// badShares are those of the draft, and encodings that RFC 9496, appendix A.2,
// says must be refused.
func badShares(t testing.TB) map[string][]byte {
	return map[string][]byte{
		"no element":         fromHex(t, cpaceInvalid),
		"neutral element":    fromHex(t, cpaceNeutral),
		"not canonical zero": fromHex(t, "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
		"not canonical":      fromHex(t, "f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
		"negative":           fromHex(t, "0100000000000000000000000000000000000000000000000000000000000000"),
		"no square":          fromHex(t, "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371"),
		"y is zero":          fromHex(t, "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
		"top bit":            append(fromHex(t, cpaceValid)[:31], 0x1c|0x80),
		"empty":              {},
		"truncated":          fromHex(t, cpaceValid)[:31],
		"too long":           append(fromHex(t, cpaceValid), 0),
	}
}

func TestCPaceLVCat(t *testing.T) {
	wantHex(t, "lv_cat", cpaceLVCat([]byte("1234"), []byte("5"), nil, []byte("678")), "043132333401350003363738")
	long := cpaceLVCat(make([]byte, 128))
	wantHex(t, "the length of 128 bytes", long[:2], "8001")
}

// The zeros fill the first block whatever the password's length, and no more.
func TestCPaceGeneratorStringIsPadded(t *testing.T) {
	for _, n := range []int{0, 1, 32, 100, 107, 108, 200} {
		gen := cpaceInput{prs: make([]byte, n), ci: []byte("ci"), sid: []byte("sid")}.generatorString()
		prefix := len(gen) - len("\x02ci\x03sid")
		if n <= 107 && prefix != 128 || prefix < 128 {
			t.Errorf("password of %d bytes: %d bytes before CI", n, prefix)
		}
	}
}

func TestCPaceScalarsAreFresh(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		b := newCPaceScalar().Bytes()
		if seen[string(b)] || b[31]>>4 != 0 {
			t.Fatalf("scalar %x", b)
		}
		seen[string(b)] = true
	}
}
