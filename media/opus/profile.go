//go:build cgo

package opus

import (
	"math"

	"github.com/hraban/opus"

	"github.com/skulltech/prattle/media"
)

// profile is a way of working of libopus. Measured with speech in 10 ms packets:
//
//	profile   delay of the codec   CPU a packet   loss of one packet
//	swift     2.5 ms (CELT)        25 us          concealed:              7.6 dB SNR
//	sturdy    6.5 ms (SILK, CELT)  140 us         from in-band FEC:  15 to 24 dB SNR
//
// Below some 40 kbit/s CELT alone gives up the high frequencies, and SILK speaks
// more clearly.
type profile int

const (
	swift profile = iota
	sturdy
)

const (
	// swiftFrom is the lowest rate at which CELT alone is as good.
	swiftFrom = 40 * media.Kbps

	// calm is how much sound must pass, in samples, since Tune last asked for
	// the sturdy profile, before the swift one returns: a change moves the sound
	// by 4 ms, which nobody should hear twice in a sentence.
	calm = 5 * media.SampleRate

	minBitrate     = 6 * media.Kbps // of Opus
	maxBitrate     = 128 * media.Kbps
	defaultBitrate = 48 * media.Kbps

	// complexity is that of libopus, 0 to 10. The signal-to-noise ratio grows up to 5
	// and by less than 0.1 dB beyond; from 7 on libopus ponders whether it hears
	// music, which takes half as much time again.
	complexity = 6
)

func (p profile) application() opus.Application {
	if p == sturdy {
		return opus.AppVoIP
	}
	return opus.AppRestrictedLowdelay
}

// wanted is the profile that suits t.
func wanted(t media.AudioTuning) profile {
	if t.ExpectedLoss > 0 || t.Bitrate < swiftFrom {
		return sturdy
	}
	return swift
}

// sane brings t into the range of Opus. A bitrate of 0 means no wish: before.
func sane(t media.AudioTuning, before media.Bitrate) media.AudioTuning {
	if t.Bitrate == 0 {
		t.Bitrate = before
	}
	t.Bitrate = min(max(t.Bitrate, minBitrate), maxBitrate)
	if !(t.ExpectedLoss > 0) {
		t.ExpectedLoss = 0
	}
	t.ExpectedLoss = min(t.ExpectedLoss, 1)
	return t
}

// lossPercent is ExpectedLoss as libopus takes it: whole percent, and at least
// one where there is loss at all. libopus spends bits on copies only where it
// deems them worth it: from about 24 kbit/s on.
func lossPercent(loss float64) int { return int(math.Ceil(loss * 100)) }
