package media

import (
	"errors"
	"math/bits"
)

func init() {
	RegisterAudioCodec(AudioCodec{
		Name:       "pcmu",
		Preference: 1,
		NewEncoder: func(AudioTuning) (AudioEncoder, error) { return pcmuEncoder{}, nil },
		NewDecoder: func() (AudioDecoder, error) { return new(pcmuDecoder), nil },
	})
}

// PCMU is the mu-law of ITU-T G.711 (RFC 3551, section 4.5.14) at 48 kHz: a byte
// a sample, 384 kbit/s, always there. Of its packets those of 10 and 20 ms fit
// into a datagram.
const (
	pcmuBias = 0x84   // makes every segment begin at a power of two
	pcmuClip = 0x7f7b // 32635: the largest magnitude that the bias leaves room for

	pcmuMemory    = SampleRate / 50        // samples: the 20 ms that a gap is filled from
	pcmuFade      = SampleRate * 60 / 1000 // samples until a gap is silent
	pcmuCrossfade = SampleRate / 200       // samples: 5 ms from the filling to the next packet
)

var errPacketLength = errors.New("pcmu: not 10, 20, 40 or 60 ms of sound")

// isPacketLength says whether a packet may hold n samples.
func isPacketLength(n int) bool {
	const ms10 = SampleRate / 100
	return n == ms10 || n == 2*ms10 || n == 4*ms10 || n == 6*ms10
}

type pcmuEncoder struct{}

func (pcmuEncoder) Encode(dst []byte, pcm []int16) ([]byte, error) {
	if !isPacketLength(len(pcm)) {
		return dst, errPacketLength
	}
	for _, v := range pcm {
		dst = append(dst, muLaw(v))
	}
	return dst, nil
}

func (pcmuEncoder) Tune(AudioTuning) error { return nil }
func (pcmuEncoder) Close() error           { return nil }

// muLaw compresses a sample: sign, number of the segment, four bits within it, all inverted.
func muLaw(v int16) byte {
	sign, magnitude := 0, int(v)
	if v < 0 {
		sign, magnitude = 0x80, -magnitude
	}
	magnitude = min(magnitude, pcmuClip) + pcmuBias
	segment := bits.Len(uint(magnitude)) - 8
	return ^byte(sign | segment<<4 | magnitude>>(segment+3)&0xf)
}

func muLawSample(b byte) int16 {
	b = ^b
	segment := int(b >> 4 & 7)
	v := (int(b&0xf)<<3+pcmuBias)<<segment - pcmuBias
	if b&0x80 != 0 {
		v = -v
	}
	return int16(v)
}

// A pcmuDecoder fills gaps with the sound before them, to and fro, fading.
type pcmuDecoder struct {
	memory [pcmuMemory]int16 // the latest sound that was received
	filled int               // samples of the present gap
}

func (d *pcmuDecoder) Decode(pcm []int16, packet []byte) (int, error) {
	n := len(packet)
	if !isPacketLength(n) || n > len(pcm) {
		return 0, errPacketLength
	}
	for i, b := range packet {
		pcm[i] = muLawSample(b)
	}
	if d.filled > 0 {
		for i := range pcmuCrossfade {
			from, to := int(d.filling(d.filled+i)), int(pcm[i])
			pcm[i] = int16(from + (to-from)*i/pcmuCrossfade)
		}
		d.filled = 0
	}
	recent := pcm[max(0, n-pcmuMemory):n]
	copy(d.memory[:], d.memory[len(recent):])
	copy(d.memory[pcmuMemory-len(recent):], recent)
	return n, nil
}

// filling is sample n of a gap: the memory backwards, then forwards, and so on,
// which has no jumps.
func (d *pcmuDecoder) filling(n int) int16 {
	if n >= pcmuFade {
		return 0
	}
	at := n % (2 * pcmuMemory)
	if at < pcmuMemory {
		at = pcmuMemory - 1 - at
	} else {
		at -= pcmuMemory
	}
	return int16(int(d.memory[at]) * (pcmuFade - n) / pcmuFade)
}

func (d *pcmuDecoder) Conceal(pcm []int16) error {
	for i := range pcm {
		pcm[i] = d.filling(d.filled)
		d.filled = min(d.filled+1, pcmuFade)
	}
	return nil
}

// Recover conceals: a packet holds nothing of the one before.
func (d *pcmuDecoder) Recover(pcm []int16, _ []byte) error { return d.Conceal(pcm) }

func (d *pcmuDecoder) Close() error { return nil }
