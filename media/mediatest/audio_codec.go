package mediatest

import (
	"bytes"
	"math"
	"math/rand"
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
)

// packetLengths are those that media.AudioEncoder promises.
var packetLengths = []time.Duration{10 * time.Millisecond, 20 * time.Millisecond, 40 * time.Millisecond, 60 * time.Millisecond}

// goodTuning lets any codec do its best.
var goodTuning = media.AudioTuning{Bitrate: 64 * media.Kbps}

// TestAudioCodec checks that the codec called name keeps what media.AudioEncoder
// and media.AudioDecoder promise.
func TestAudioCodec(t *testing.T, name string) {
	codec, err := media.AudioCodecByName(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		run  func(*testing.T, media.AudioCodec)
	}{
		{"voice survives", testVoiceSurvives},
		{"the packet is appended", testAppended},
		{"odd lengths are refused", testOddLengths},
		{"tuning during a call", testTuning},
		{"lost packets", testLostPackets},
		{"hostile packets", testHostilePackets},
		{"short room", testShortRoom},
		{"nothing is allocated", testAllocations},
		{"closing twice", testCloseCodec},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, codec) })
	}
}

func newEncoder(t *testing.T, c media.AudioCodec, tuning media.AudioTuning) media.AudioEncoder {
	t.Helper()
	e, err := c.NewEncoder(tuning)
	if err != nil {
		t.Fatalf("NewEncoder(%+v): %v", tuning, err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func newDecoder(t *testing.T, c media.AudioCodec) media.AudioDecoder {
	t.Helper()
	d, err := c.NewDecoder()
	if err != nil {
		t.Fatalf("NewDecoder: %v", err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// EncodeAll returns the packets of n samples each that pcm makes.
func EncodeAll(t *testing.T, e media.AudioEncoder, pcm []int16, n int) [][]byte {
	t.Helper()
	var packets [][]byte
	for ; len(pcm) >= n; pcm = pcm[n:] {
		p, err := e.Encode(nil, pcm[:n])
		if err != nil {
			t.Fatalf("Encode: %v", err)
		}
		packets = append(packets, p)
	}
	return packets
}

// DecodeAll returns the sound of packets of n samples each.
func DecodeAll(t *testing.T, d media.AudioDecoder, packets [][]byte, n int) []int16 {
	t.Helper()
	var out []int16
	pcm := make([]int16, n)
	for i, p := range packets {
		got, err := d.Decode(pcm, p)
		if err != nil || got != n {
			t.Fatalf("Decode of packet %d: %d samples (%v), want %d", i, got, err, n)
		}
		out = append(out, pcm...)
	}
	return out
}

func testVoiceSurvives(t *testing.T, c media.AudioCodec) {
	voice := Voice(2*time.Second, 1)
	for _, length := range packetLengths {
		n := media.SamplesIn(length)
		packets := EncodeAll(t, newEncoder(t, c, goodTuning), voice, n)
		got := DecodeAll(t, newDecoder(t, c), packets, n)
		if off := 20 * math.Log10(Loudness(got)/Loudness(voice)); math.Abs(off) > 3 {
			t.Errorf("%v: %.1f dB louder than the original, want within 3", length, off)
		}
		lag, likeness := Delay(voice, got, media.SamplesIn(10*time.Millisecond))
		if likeness < 0.75 {
			t.Errorf("%v: likeness %.2f to the original at a delay of %d samples, want 0.75 or more", length, likeness, lag)
		}
	}
}

func testAppended(t *testing.T, c media.AudioCodec) {
	e := newEncoder(t, c, goodTuning)
	voice := Voice(time.Second, 2)
	dst := []byte("header")
	one, err := e.Encode(dst, voice[:480])
	if err != nil {
		t.Fatal(err)
	}
	keep := bytes.Clone(one)
	two, err := e.Encode(nil, voice[480:960])
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(one, dst) || len(one) == len(dst) {
		t.Errorf("Encode made %d bytes of %d given, want the packet behind them", len(one), len(dst))
	}
	if !bytes.Equal(one, keep) {
		t.Error("the second Encode changed the first packet")
	}
	if len(two) == 0 {
		t.Error("Encode appended nothing to nil")
	}
}

func testOddLengths(t *testing.T, c media.AudioCodec) {
	e := newEncoder(t, c, goodTuning)
	for _, n := range []int{0, 1, 479, 481, 1000, 48000} {
		if p, err := e.Encode([]byte("x"), make([]int16, n)); err == nil || string(p) != "x" {
			t.Errorf("Encode of %d samples: %d bytes (%v), want an error and dst as it was", n, len(p), err)
		}
	}
}

// testTuning asks for anything a rate control might; sound must keep flowing, and
// a low rate may not cost more than a high one.
func testTuning(t *testing.T, c media.AudioCodec) {
	e, d := newEncoder(t, c, media.AudioTuning{}), newDecoder(t, c)
	voice := Voice(time.Second, 3)
	size := func(tuning media.AudioTuning) (bytes int) {
		if err := e.Tune(tuning); err != nil {
			t.Fatalf("Tune(%+v): %v", tuning, err)
		}
		packets := EncodeAll(t, e, voice, 960)
		DecodeAll(t, d, packets, 960)
		for _, p := range packets {
			bytes += len(p)
		}
		return bytes
	}
	for _, odd := range []media.AudioTuning{
		{Bitrate: 1}, {Bitrate: media.Mbps}, {Bitrate: -5}, {Bitrate: 24 * media.Kbps, ExpectedLoss: 0.001},
		{ExpectedLoss: 1}, {ExpectedLoss: 7}, {ExpectedLoss: -1}, {ExpectedLoss: math.NaN()},
	} {
		size(odd)
	}
	low := size(media.AudioTuning{Bitrate: 16 * media.Kbps})
	high := size(media.AudioTuning{Bitrate: 96 * media.Kbps})
	if low > high {
		t.Errorf("a second takes %d bytes at 16 kbit/s and %d at 96 kbit/s", low, high)
	}
}

// testLostPackets loses every fifth packet, conceals or recovers it, and wants the
// rest to sound as it was.
func testLostPackets(t *testing.T, c media.AudioCodec) {
	const n = 480
	voice := Voice(2*time.Second, 4)
	e := newEncoder(t, c, media.AudioTuning{Bitrate: 48 * media.Kbps, ExpectedLoss: 0.1})
	packets := EncodeAll(t, e, voice, n)
	whole := DecodeAll(t, newDecoder(t, c), packets, n)
	for _, recover := range []bool{false, true} {
		d := newDecoder(t, c)
		var got []int16
		for i, p := range packets {
			pcm := make([]int16, n)
			var err error
			switch {
			case i%5 != 0:
				_, err = d.Decode(pcm, p)
			case recover && i+1 < len(packets):
				err = d.Recover(pcm, packets[i+1])
			default:
				err = d.Conceal(pcm)
			}
			if err != nil {
				t.Fatalf("packet %d, recover %v: %v", i, recover, err)
			}
			got = append(got, pcm...)
		}
		if likeness := correlation(whole, got); likeness < 0.7 {
			t.Errorf("recover %v: likeness %.2f to the same without loss, want 0.7 or more", recover, likeness)
		}
	}
}

func testHostilePackets(t *testing.T, c media.AudioCodec) {
	const seed = 5
	rng := rand.New(rand.NewSource(seed))
	good := EncodeAll(t, newEncoder(t, c, goodTuning), Voice(time.Second, 5), 480)
	d := newDecoder(t, c)
	pcm := make([]int16, 5760)
	for i, p := range good {
		bad := bytes.Clone(p)
		switch i % 3 {
		case 0:
			bad = bad[:rng.Intn(len(bad))]
		case 1:
			bad[rng.Intn(len(bad))] ^= byte(1 + rng.Intn(255))
		case 2:
			rng.Read(bad)
		}
		if n, err := d.Decode(pcm, bad); n < 0 || n > len(pcm) || err != nil && n != 0 {
			t.Fatalf("seed %d, packet %d: %d samples (%v)", seed, i, n, err)
		}
		if err := d.Recover(pcm[:480], bad); err != nil {
			t.Fatalf("seed %d, packet %d: Recover: %v, want it concealed", seed, i, err)
		}
	}
	if _, err := d.Decode(pcm, nil); err == nil {
		t.Error("an empty packet was decoded")
	}
	DecodeAll(t, d, good, 480)
}

// testShortRoom gives Decode less room than the packet needs, in front of memory
// that belongs to others.
func testShortRoom(t *testing.T, c media.AudioCodec) {
	p := EncodeAll(t, newEncoder(t, c, goodTuning), Voice(time.Second, 6), 960)[3]
	all := make([]int16, 5760)
	for i := range all {
		all[i] = 12345
	}
	d := newDecoder(t, c)
	if n, err := d.Decode(all[:480], p); err == nil {
		t.Errorf("20 ms were decoded into room for 10: %d samples", n)
	}
	if err := d.Conceal(all[:480]); err != nil {
		t.Error(err)
	}
	if err := d.Recover(all[:480], p); err != nil {
		t.Error(err)
	}
	for i, v := range all[480:] {
		if v != 12345 {
			t.Fatalf("sample %d, beyond the room given, was written", 480+i)
		}
	}
}

func testAllocations(t *testing.T, c media.AudioCodec) {
	e, d := newEncoder(t, c, goodTuning), newDecoder(t, c)
	voice := Voice(time.Second, 7)
	packet, pcm := make([]byte, 0, 4096), make([]int16, 480)
	i := 0
	if n := testing.AllocsPerRun(100, func() {
		i = (i + 480) % len(voice)
		packet, _ = e.Encode(packet[:0], voice[i:i+480])
		d.Decode(pcm, packet)
		d.Conceal(pcm)
		d.Recover(pcm, packet)
	}); n != 0 {
		t.Errorf("%v allocations a packet, want none", n)
	}
}

func testCloseCodec(t *testing.T, c media.AudioCodec) {
	e, d := newEncoder(t, c, goodTuning), newDecoder(t, c)
	for range 2 {
		if err := e.Close(); err != nil {
			t.Errorf("encoder: %v", err)
		}
		if err := d.Close(); err != nil {
			t.Errorf("decoder: %v", err)
		}
	}
}
