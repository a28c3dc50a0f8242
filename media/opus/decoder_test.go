//go:build cgo

package opus

import (
	"fmt"
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/media/mediatest"
)

// TestRecover loses every tenth packet. What the next one carries of it must beat
// a guess, in packets of 10 ms too.
func TestRecover(t *testing.T) {
	for _, test := range []struct {
		n       int
		bitrate media.Bitrate
	}{{480, 32 * media.Kbps}, {480, 48 * media.Kbps}, {960, 24 * media.Kbps}, {960, 48 * media.Kbps}} {
		t.Run(fmt.Sprintf("%d samples at %v", test.n, test.bitrate), func(t *testing.T) {
			e := encoderFor(t, media.AudioTuning{Bitrate: test.bitrate, ExpectedLoss: 0.1})
			packets := mediatest.EncodeAll(t, e, mediatest.Voice(6*time.Second, 2), test.n)
			recovered, concealed := repairSNR(t, packets, test.n)
			t.Logf("lost packets: recovered at %.1f dB, concealed at %.1f dB", recovered, concealed)
			if recovered < concealed+3 {
				t.Errorf("recovered at %.1f dB, concealed at %.1f dB: want 3 dB between them", recovered, concealed)
			}
		})
	}
}

// repairSNR is how well the two kinds of repair match what was lost, in dB.
func repairSNR(t *testing.T, packets [][]byte, n int) (recovered, concealed float64) {
	whole, recover, conceal := decoderFor(t), decoderFor(t), decoderFor(t)
	want, got, guess := make([]int16, n), make([]int16, n), make([]int16, n)
	lost := 0.0
	for i := 0; i+1 < len(packets); i++ {
		whole.Decode(want, packets[i])
		if i%10 != 9 {
			recover.Decode(got, packets[i])
			conceal.Decode(guess, packets[i])
			continue
		}
		if err := recover.Recover(got, packets[i+1]); err != nil {
			t.Fatal(err)
		}
		if err := conceal.Conceal(guess); err != nil {
			t.Fatal(err)
		}
		if mediatest.Loudness(want) > 0.01 {
			recovered += mediatest.SNR(want, got)
			concealed += mediatest.SNR(want, guess)
			lost++
		}
	}
	return recovered / lost, concealed / lost
}

func FuzzDecode(f *testing.F) {
	for _, tuning := range []media.AudioTuning{{Bitrate: 64 * media.Kbps}, {Bitrate: 24 * media.Kbps}, {Bitrate: 32 * media.Kbps, ExpectedLoss: 0.2}} {
		e, err := newEncoder(tuning)
		if err != nil {
			f.Fatal(err)
		}
		voice := mediatest.Voice(300*time.Millisecond, 1)
		for _, n := range []int{480, 960, 2880} {
			p, err := e.Encode(nil, voice[:n])
			if err != nil {
				f.Fatal(err)
			}
			f.Add(p)
		}
	}
	f.Add([]byte{0xff})
	f.Add([]byte{0x03, 0xc0, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, packet []byte) {
		d, err := newDecoder()
		if err != nil {
			t.Fatal(err)
		}
		pcm := make([]int16, 2880)
		for range 2 {
			if n, err := d.Decode(pcm, packet); n < 0 || n > len(pcm) || err != nil && n != 0 {
				t.Fatalf("Decode: %d samples (%v)", n, err)
			}
			if err := d.Recover(pcm[:480], packet); err != nil {
				t.Fatalf("Recover: %v", err)
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	e, _ := newEncoder(media.AudioTuning{Bitrate: 48 * media.Kbps})
	d, _ := newDecoder()
	var packet []byte
	for i := range 10 {
		packet, _ = e.Encode(packet[:0], mediatest.Voice(time.Second, 1)[i*480:(i+1)*480])
	}
	pcm := make([]int16, 480)
	b.ReportAllocs()
	for b.Loop() {
		d.Decode(pcm, packet)
	}
}
