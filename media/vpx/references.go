package vpx

import (
	"slices"

	"github.com/skulltech/prattle/media"
)

// A buffer is the number of one of the decoder's reference buffers. VP9 has
// eight, VP8 three.
type buffer int

// What the buffers are for. Those from longTerm on hold marked frames.
const (
	baseBuffer   buffer = 0 // the latest frame of temporal layer 0
	middleBuffer buffer = 1 // the latest of layer 1, where there are three
	maxBuffers          = 8
)

// maxAge is the furthest that a reference can lie back, in frames: P_DIFF has 7
// bits (RFC 9628, section 4.2).
const maxAge = 127

// held is the frame that a buffer holds.
type held struct {
	number        uint64 // of the frame, counted from 0 and never wrapped
	width, height int
	valid         bool
	marked        bool // it may be recovered from
}

// references decides what each frame is predicted from and which buffers keep
// it, and says so in the terms of media.EncodedFrame. It knows nothing of
// libvpx. The zero value with its limits set is ready.
type references struct {
	layers   int      // temporal layers, 1 to 3
	longTerm []buffer // the buffers that marked frames take in turn
	// idle are the buffers without a use, a bit each. They follow the base: left alone,
	// they would keep a keyframe in memory that nothing is predicted from.
	idle uint8
	// scales says that a frame may be predicted from one of another size.
	scales bool

	buffers [maxBuffers]held
	next    uint64 // number of the next frame
	step    int    // its position in the pattern of layers
	// recover is an order that no frame has fulfilled yet: the rate control may
	// have dropped the one that was to do so.
	recover   bool
	confirmed []uint16 // the order's list
}

// A plan is how one frame is to be encoded.
type plan struct {
	keyframe bool
	layer    int
	from     buffer // the only one it is predicted from, unless a keyframe
	to       uint8  // those that keep it, a bit each; a keyframe is kept by all
	mark     buffer // the one of them that holds it as marked; 0 if none
	width    int
	height   int
}

// patterns are the temporal layers of successive frames, by number of layers.
// A frame of the top layer of several is no one's reference.
var patterns = [...][]int{1: {0}, 2: {0, 1}, 3: {0, 2, 1, 2}}

// plan decides on the next frame, of w by h pixels. Nothing changes until encoded
// says that the frame has come to be.
func (r *references) plan(order media.EncodeOrder, w, h int) plan {
	if order.Recover {
		r.recover = true
		r.confirmed = append(r.confirmed[:0], order.Confirmed...)
	}
	p := plan{width: w, height: h, from: baseBuffer}
	switch {
	case order.Keyframe:
		p.keyframe = true
	case r.recover:
		p.from = r.recoverFrom(w, h)
		p.keyframe = p.from == baseBuffer
	case order.MarkLongTerm:
		// A marked frame is everyone's: layer 0.
	default:
		p.layer = patterns[r.layers][r.step]
		if p.layer == 2 && r.step == 3 {
			p.from = middleBuffer
		}
	}
	if !p.keyframe && !r.usable(p.from, w, h) {
		p.layer, p.from = 0, baseBuffer
		p.keyframe = !r.usable(baseBuffer, w, h)
	}
	r.keep(&p, order.MarkLongTerm)
	return p
}

// keep decides which buffers p's frame goes to.
func (r *references) keep(p *plan, mark bool) {
	switch {
	case p.keyframe:
		p.mark = r.longTerm[0]
	case p.layer == 0:
		p.to = 1<<baseBuffer | r.idle
		if mark {
			p.mark = r.oldest()
			p.to |= 1 << p.mark
		}
	case p.layer == 1 && r.layers == 3:
		p.to = 1 << middleBuffer
	}
}

// recoverFrom is the buffer of the latest marked frame that the receivers have,
// or baseBuffer if there is none.
func (r *references) recoverFrom(w, h int) buffer {
	best := baseBuffer
	for _, b := range r.longTerm {
		f := &r.buffers[b]
		if !f.marked || !r.usable(b, w, h) || len(r.confirmed) > 0 && !slices.Contains(r.confirmed, frameID(f.number)) {
			continue
		}
		if best == baseBuffer || f.number > r.buffers[best].number {
			best = b
		}
	}
	return best
}

// oldest is the long-term buffer to be given up for the next mark.
func (r *references) oldest() buffer {
	best := r.longTerm[0]
	for _, b := range r.longTerm {
		switch f := &r.buffers[b]; {
		case !f.marked:
			return b
		case f.number < r.buffers[best].number:
			best = b
		}
	}
	return best
}

// usable says whether a frame of w by h pixels may be predicted from b.
func (r *references) usable(b buffer, w, h int) bool {
	f := &r.buffers[b]
	if !f.valid || r.next-f.number > maxAge {
		return false
	}
	if f.width == w && f.height == h {
		return true
	}
	// VP9 predicts from references up to twice as large and 16 times as small.
	return r.scales && 2*w >= f.width && 2*h >= f.height && w <= 16*f.width && h <= 16*f.height
}

// encoded records that p's frame exists, as a keyframe perhaps against the plan,
// and describes it.
func (r *references) encoded(p plan, keyframe bool) media.EncodedFrame {
	out := media.EncodedFrame{ID: frameID(r.next), Keyframe: keyframe, Width: p.width, Height: p.height}
	f := held{number: r.next, width: p.width, height: p.height, valid: true}
	if keyframe {
		for b := range r.buffers {
			r.buffers[b] = f
		}
		r.buffers[r.longTerm[0]].marked = true
		r.step = 0
	} else {
		out.Layer.Temporal = uint8(p.layer)
		out.Refs[0], out.NumRefs = uint8(r.next-r.buffers[p.from].number), 1
		for b := range r.buffers {
			if p.to>>b&1 != 0 {
				r.buffers[b] = f
			}
		}
		if p.mark != 0 {
			r.buffers[p.mark].marked = true
		}
		if p.layer == 0 {
			r.step = 0
		}
	}
	r.recover = false
	r.step = (r.step + 1) % len(patterns[r.layers])
	r.next++
	return out
}

// none says that no buffer holds anything.
func (r *references) none() bool { return !r.buffers[baseBuffer].valid }

// forget empties the buffers: the next frame is a keyframe.
func (r *references) forget() { r.buffers = [maxBuffers]held{} }

func frameID(number uint64) uint16 { return uint16(number & media.FrameIDMask) }
