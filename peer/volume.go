package peer

import (
	"math"
	"sync/atomic"
)

// volume is how loud somebody is played, for routinePlay.
type volume struct{ bits atomic.Uint64 } // of the gain less 1, so that the zero value changes nothing

func (v *volume) set(gain float64) { v.bits.Store(math.Float64bits(gain - 1)) }
func (v *volume) gain() float64    { return math.Float64frombits(v.bits.Load()) + 1 }

// maxVolume is the largest gain: 18 dB.
const maxVolume = 8

// SetVolume plays the other side so many times as loud as it comes: 1 is as it is, 0
// silences it, for this person alone; at most 8.
func (l *Link) SetVolume(gain float64) {
	if math.IsNaN(gain) {
		return
	}
	l.volume.set(min(max(gain, 0), maxVolume))
}

// Speaking says whether the other side speaks.
func (l *Link) Speaking() bool { return l.speaking.Load() }
