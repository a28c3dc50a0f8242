package quicproto

import (
	"encoding/hex"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// probeSecret is that of the golden probes.
var probeSecret = [RouteSecretSize]byte{1, 2, 3, 4, 5, 6, 7, 8}

func keysOf(t testing.TB, initiator bool) *probeKeys {
	t.Helper()
	k, err := deriveProbeKeys(probeSecret, initiator)
	if err != nil {
		t.Fatal(err)
	}
	return &k
}

// The secrets, keys and MACs were computed by another program.
func TestProbesOnTheWire(t *testing.T) {
	for _, tc := range []struct {
		initiator bool
		probe     probe
		wire      string
	}{
		{true, probe{sequence: 1, held: maxHeld, heard: maxHeard, flags: probeAsk},
			"08 f3825362 00000001 00000000 ffff ffff 01 24aa4215d9d44ac9c991c521b3966d0c"},
		{false, probe{sequence: 0x01020304, echo: 0x05060708, held: 25 * time.Millisecond, heard: 260 * time.Millisecond, flags: probeUsing | probeDeaf},
			"08 f3825362 01020304 05060708 00fa 0104 06 f8b19084358eb8d798d38e5a64c040e5"},
		{true, probe{sequence: math.MaxUint32, echo: math.MaxUint32, held: heldUnit, heard: time.Millisecond},
			"08 f3825362 ffffffff ffffffff 0001 0001 00 b5d85685ffe0fd87fb6ec2d9dd9d5666"},
	} {
		from, to := keysOf(t, tc.initiator), keysOf(t, !tc.initiator)
		b := from.appendProbe(nil, tc.probe)
		got := hex.EncodeToString(b)
		if want := strings.ReplaceAll(tc.wire, " ", ""); got != want {
			t.Errorf("%+v is\n%s, want\n%s", tc.probe, got, tc.wire)
		}
		if p, ok := to.parseProbe(b); !ok || p != tc.probe {
			t.Errorf("%+v came as %+v (%v)", tc.probe, p, ok)
		}
		if _, ok := from.parseProbe(b); ok {
			t.Errorf("%+v was taken by its sender", tc.probe)
		}
	}
}

// A probe is one as it is or not at all.
func TestForgedProbesAreRefused(t *testing.T) {
	from, to := keysOf(t, true), keysOf(t, false)
	good := from.appendProbe(nil, probe{sequence: 7, echo: 3, flags: probeAsk})
	for i := range good {
		bad := append([]byte(nil), good...)
		bad[i] ^= 0x10
		if p, ok := to.parseProbe(bad); ok {
			t.Errorf("with byte %d changed it is %+v", i, p)
		}
	}
	for n := range len(good) {
		if _, ok := to.parseProbe(good[:n]); ok {
			t.Errorf("%d bytes of it were taken", n)
		}
	}
	if _, ok := to.parseProbe(append(good, 0)); ok {
		t.Error("a longer one was taken")
	}
}

func TestProbesAreNeitherQUICNorSTUN(t *testing.T) {
	stun := append([]byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, make([]byte, 12)...)
	for _, tc := range []struct {
		packet []byte
		want   packetKind
	}{
		{keysOf(t, true).appendProbe(nil, probe{sequence: 1}), packetProbe},
		{stun, packetSTUN},
		{stun[:19], packetForeign},
		{[]byte{0xc3, 0, 0, 0, 1}, packetQUIC},
		{[]byte{0x41}, packetQUIC},
		{[]byte{0x16, 0xfe, 0xfd}, packetForeign}, // DTLS
		{[]byte{0x80, 0x60}, packetForeign},       // RTP
		{nil, packetForeign},
	} {
		if got := kindOf(tc.packet); got != tc.want {
			t.Errorf("%x is of kind %d, want %d", tc.packet, got, tc.want)
		}
	}
}

func FuzzProbe(f *testing.F) {
	there, back := keysOf(f, true), keysOf(f, false)
	f.Add(there.appendProbe(nil, probe{sequence: 1, flags: probeAsk}))
	f.Add(back.appendProbe(nil, probe{sequence: 9, echo: 1, held: time.Second}))
	f.Add([]byte{probeType})
	f.Fuzz(func(t *testing.T, b []byte) {
		kindOf(b)
		if id, ok := probeRoute(b); ok && (len(b) != probeSize || id == 0 && b[4] != 0) {
			t.Errorf("%x names route %x", b, id)
		}
		if p, ok := back.parseProbe(b); ok {
			if again := there.appendProbe(nil, p); string(again) != string(b) {
				t.Errorf("%x became %x", b, again)
			}
		}
	})
}

// The window takes each number once, in whatever order they come, and none that has
// been overtaken by far.
func TestReplayWindow(t *testing.T) {
	const seed = 5
	rng := rand.New(rand.NewPCG(seed, 0))
	var w replayWindow
	seen := make(map[uint32]bool)
	var latest uint32
	for range 200_000 {
		seq := uint32(max(1, int(latest)+rng.IntN(40)-30-rng.IntN(2)*rng.IntN(2000)))
		if rng.IntN(5000) == 0 {
			seq = latest + uint32(rng.IntN(5000))
		}
		want := !seen[seq] && seq+replayWindowSize > latest
		if got := w.accept(seq); got != want {
			t.Fatalf("seed %d: %d after %d: %v", seed, seq, latest, got)
		}
		seen[seq] = true
		latest = max(latest, seq)
	}
	if w.accept(0) {
		t.Error("0 was taken")
	}
	if !w.accept(math.MaxUint32) || w.accept(math.MaxUint32) || w.accept(latest) {
		t.Error("the last number")
	}
}
