package peer

import (
	"math"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/quicproto"
)

// Sizes of pictures, in luma pixels: each side says in its Hello how much it
// decodes at most, sends no more than the other one decodes, and refuses more than
// it has said.
const (
	maxPixels     = 2560 * 1440 // that we decode
	defaultPixels = 1920 * 1080 // that a peer decodes which does not say
	minPixels     = 64 * 36     // smaller is no picture
)

// pixels is what a peer decodes, by its Hello.
func pixels(m *quicproto.Hello) int {
	if m.Pixels == 0 {
		return defaultPixels
	}
	return int(min(max(m.Pixels, minPixels), media.MaxPixels))
}

// decodable is how large a picture the other side decodes, in luma pixels.
func (l *Link) decodable() int {
	l.remote.mu.Lock()
	defer l.remote.mu.Unlock()
	if l.remote.pixels > 0 {
		return min(l.remote.pixels, media.MaxPixels)
	}
	return media.MaxPixels
}

// shrink makes w by h no larger than most pixels and keeps its shape; sides are
// even then.
func shrink(w, h, most int) (int, int) {
	scale := math.Sqrt(float64(most) / float64(w*h))
	scale = min(scale, media.MaxSide/float64(w), media.MaxSide/float64(h))
	if scale >= 1 {
		return w, h
	}
	side := func(n int) int { return max(int(float64(n)*scale)/2*2, 2) }
	return side(w), side(h)
}
