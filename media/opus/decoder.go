//go:build cgo

package opus

import (
	"fmt"

	"github.com/hraban/opus"

	"github.com/skulltech/prattle/media"
)

// decoder implements media.AudioDecoder. The binding takes the capacity of a
// buffer for its length, so each is cut to size before.
type decoder struct {
	opus *opus.Decoder
}

func newDecoder() (media.AudioDecoder, error) {
	d, err := opus.NewDecoder(media.SampleRate, 1)
	if err != nil {
		return nil, fmt.Errorf("make Opus decoder: %w", err)
	}
	return &decoder{d}, nil
}

// Decode implements media.AudioDecoder. A packet that lasts longer than pcm is an
// error; 120 ms always suffice.
func (d *decoder) Decode(pcm []int16, packet []byte) (int, error) {
	n, err := d.opus.Decode(packet, pcm[:len(pcm):len(pcm)])
	if err != nil {
		return 0, fmt.Errorf("decode Opus packet of %d bytes: %w", len(packet), err)
	}
	return n, nil
}

// Recover implements media.AudioDecoder. A next that cannot be decoded carries no
// copy either: the loss is concealed.
func (d *decoder) Recover(pcm []int16, next []byte) error {
	if err := d.opus.DecodeFEC(next, pcm[:len(pcm):len(pcm)]); err == nil {
		return nil
	}
	return d.Conceal(pcm)
}

// HasCopy says whether packet carries a copy of the one before it (in-band FEC,
// "LBRR"): the flag after the voice activity flag of its first SILK frame, RFC
// 6716 section 4.2.3. It answers for mono packets of a single frame.
func (d *decoder) HasCopy(packet []byte) bool {
	const celtOnly, severalFrames, flag = 16, 3, 0x40
	return len(packet) > 1 && packet[0]>>3 < celtOnly && packet[0]&severalFrames == 0 && packet[1]&flag != 0
}

// IsPause says whether packet holds no sound (RFC 6716 section 3.1) but the news that
// none follows for a while.
func (d *decoder) IsPause(packet []byte) bool { return len(packet) == 1 }

// Conceal implements media.AudioDecoder. len(pcm) must be a multiple of 2.5 ms.
func (d *decoder) Conceal(pcm []int16) error {
	if err := d.opus.DecodePLC(pcm[:len(pcm):len(pcm)]); err != nil {
		return fmt.Errorf("conceal %d samples: %w", len(pcm), err)
	}
	return nil
}

// Close implements media.AudioDecoder. The memory is Go's: nothing to release.
func (d *decoder) Close() error { return nil }
