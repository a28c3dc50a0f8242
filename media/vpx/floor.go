package vpx

import (
	"math"

	"github.com/skulltech/prattle/media"
)

// A floor keeps the quantizer from falling at once where a frame leaves much
// undone: after a keyframe, which is coarse so as to be small, and when the
// picture grows. libvpx would make good all of it in a single frame, several
// times the size of the others. And when the bitrate falls it lifts the
// quantizer with the next frame, where libvpx takes several: just then the link
// bears them least.
type floor struct {
	at int // no finer quantizer than this; 0 while there is no limit
}

// The range of quantizers, and steps of the floor on this scale, on which both
// codecs are configured: 0 is the finest.
const (
	minQuantizer = 2
	maxQuantizer = 63

	floorBelowKey = 8 // how much finer than a keyframe the next frame may be
	floorStep     = 2 // and each frame after it than the one before,
	floorStride   = 6 // or so much, if that was less than half a mean frame
	floorDoubling = 6 // how much coarser it begins where the area has doubled,
	floorHalving  = 6 // or the bitrate halved
)

// keyframe raises the floor to just below a keyframe's quantizer.
func (f *floor) keyframe(quantizer int) { f.at = max(quantizer-floorBelowKey, 0) }

// grown raises it for a picture that grows from one area to another, the last
// frame having had that quantizer.
func (f *floor) grown(quantizer, from, to int) {
	if to > from {
		rise := floorDoubling * math.Log2(float64(to)/float64(from))
		f.at = min(max(f.at, quantizer+int(math.Round(rise))), maxQuantizer)
	}
}

// fell raises it for a bitrate that falls clearly from one to another, the last
// frame having had that quantizer.
func (f *floor) fell(quantizer int, from, to media.Bitrate) {
	rise := floorHalving * math.Log2(float64(from)/float64(to))
	f.at = min(max(f.at, quantizer+int(math.Round(rise))), maxQuantizer)
}

// rose lowers it again for a bitrate that rises: there is room for so much more.
func (f *floor) rose(from, to media.Bitrate) {
	drop := floorHalving * math.Log2(float64(to)/float64(from))
	f.at = max(f.at-int(math.Round(drop)), 0)
}

// frame lowers it after an inter frame of size bytes; mean is what the bitrate
// has for one.
func (f *floor) frame(size, mean int) {
	step := floorStep
	if size < mean/2 {
		step = floorStride
	}
	f.at = max(f.at-step, 0)
}

// quantizer is the finest that the next frame may use.
func (f *floor) quantizer() int { return max(f.at, minQuantizer) }

// leaps says whether a bitrate lies so far from the one at which libvpx's model of
// the receiver's buffer was last levelled, that its level means nothing any more:
// it counts in bits, so that after a fall it would still allow what was saved at
// the higher rate, just when the link bears it least.
func leaps(from, to media.Bitrate) bool { return to*100 < from*85 || to*100 > from*150 }
