//go:build cgo

package opus

import (
	"fmt"

	"github.com/hraban/opus"

	"github.com/skulltech/prattle/media"
)

func init() {
	media.RegisterAudioCodec(media.AudioCodec{
		Name:       "opus",
		Preference: 90,
		NewEncoder: newEncoder,
		NewDecoder: newDecoder,
	})
}

const (
	// maxPacket bounds one packet, in bytes: a frame of RFC 6716 has at most
	// 1,275, and 60 ms at maxBitrate have 960.
	maxPacket = 1275

	// primer is how much of the past an encoder is fed before its first packet,
	// in samples. Without it the change of profile is a loud click.
	primer = 960
)

// encoder implements media.AudioEncoder.
type encoder struct {
	encoders [2]*opus.Encoder // by profile
	profile  profile
	tuning   media.AudioTuning
	calm     int // samples since the sturdy profile was last wanted

	past   [primer]int16 // the last samples encoded
	packet [maxPacket]byte
}

func newEncoder(t media.AudioTuning) (media.AudioEncoder, error) {
	e := new(encoder)
	for p := range e.encoders {
		c, err := opus.NewEncoder(media.SampleRate, 1, profile(p).application())
		if err != nil {
			return nil, fmt.Errorf("make Opus encoder: %w", err)
		}
		e.encoders[p] = c
		if err := c.SetComplexity(complexity); err != nil {
			return nil, fmt.Errorf("set Opus complexity: %w", err)
		}
	}
	e.tuning.Bitrate = defaultBitrate
	e.profile = wanted(sane(t, defaultBitrate))
	return e, e.Tune(t)
}

// Tune implements media.AudioEncoder. Rates outside 6 to 128 kbit/s become the
// nearest of them; 0 keeps the rate.
func (e *encoder) Tune(t media.AudioTuning) error {
	t = sane(t, e.tuning.Bitrate)
	loss := lossPercent(t.ExpectedLoss)
	for _, c := range e.encoders {
		for _, err := range []error{
			c.SetBitrate(int(t.Bitrate)),
			c.SetInBandFEC(loss > 0),
			c.SetPacketLossPerc(loss),
		} {
			if err != nil {
				return fmt.Errorf("tune Opus encoder to %v and %d %% loss: %w", t.Bitrate, loss, err)
			}
		}
	}
	e.tuning = t
	return nil
}

// Encode implements media.AudioEncoder.
func (e *encoder) Encode(dst []byte, pcm []int16) ([]byte, error) {
	switch len(pcm) {
	case 480, 960, 1920, 2880:
	default:
		return dst, fmt.Errorf("encode Opus: %d samples are not 10, 20, 40 or 60 ms", len(pcm))
	}
	if err := e.follow(len(pcm)); err != nil {
		return dst, err
	}
	n, err := e.encoders[e.profile].Encode(pcm, e.packet[:])
	if err != nil {
		return dst, fmt.Errorf("encode Opus: %w", err)
	}
	e.remember(pcm)
	return append(dst, e.packet[:n]...), nil
}

// AppendPause implements media.PauseEncoder, with a packet of nothing but its first
// byte: a frame that was not transmitted (RFC 6716 section 3.1). The codec stands
// still meanwhile, at both ends, and so agrees with itself after the pause.
func (e *encoder) AppendPause(dst []byte) []byte {
	const severalFrames = 3
	return append(dst, e.packet[0]&^severalFrames)
}

// follow changes the profile to what the tuning wants: to sturdy at once, to
// swift after a calm while.
func (e *encoder) follow(samples int) error {
	want := wanted(e.tuning)
	e.calm = min(e.calm+samples, calm)
	if want == sturdy {
		e.calm = 0
	}
	if want == e.profile || want == swift && e.calm < calm {
		return nil
	}
	e.profile = want
	return e.prime(e.encoders[want])
}

// prime makes c as if it had encoded the past.
func (e *encoder) prime(c *opus.Encoder) error {
	if err := c.Reset(); err != nil {
		return fmt.Errorf("reset Opus encoder: %w", err)
	}
	for i := 0; i < primer; i += 480 {
		if _, err := c.Encode(e.past[i:i+480], e.packet[:]); err != nil {
			return fmt.Errorf("prime Opus encoder: %w", err)
		}
	}
	return nil
}

// remember keeps the last samples for a change of profile.
func (e *encoder) remember(pcm []int16) {
	n := min(len(pcm), primer)
	copy(e.past[:], e.past[n:])
	copy(e.past[primer-n:], pcm[len(pcm)-n:])
}

// Close implements media.AudioEncoder. The memory is Go's: nothing to release.
func (e *encoder) Close() error { return nil }
