package peer

import (
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/quicproto"
)

// rung is how pictures are sent at some rate.
type rung struct {
	Width, Height int
	FPS           int
	Video         media.Bitrate // for the encoder, minVideo at least
	Left          media.Bitrate // what there is for it
	Thin          bool          // there is less than that, and not only while a queue drains
}

// ladder chooses size and frame rate of the pictures for the rate that a link
// has, with hysteresis so that they do not swing. It is without I/O.
type ladder struct {
	step    int // index into ladderSizes
	tempo   int // index into ladderTempos
	top     int // index of the largest size that is wanted
	started bool
	better  time.Time // since when a higher rung would fit; zero: it would not
	last    time.Time // when a picture was last let through
	spacing time.Duration
}

// ladderSizes are the sizes of the pictures, in eighths of the camera's width
// and height.
var ladderSizes = []int{8, 6, 4, 3, 2}

// ladderTempos are the divisors of the camera's frame rate. Motion is given up
// last: a small picture that moves says more than a sharp one that stutters.
var ladderTempos = []int{1, 2, 4}

const (
	// enoughBits is what a pixel costs in VP9 for a talking head to look clean
	// rather than blocky: 360 kbit/s for 1280x720 at 30 a second.
	enoughBits = 0.013
	// upMargin is how much better than enough the rate must be before the
	// picture grows, and upDelay for how long.
	upMargin = 1.3
	upDelay  = 1500 * time.Millisecond
	// closely is how many times plenty makes a difference to who sees the pictures at
	// the camera's size: 1.4 Mbit/s for 640x480 at 30 a second.
	closely = 2
	// startVideo is the encoder's rate before the link has told any.
	startVideo = 1000 * media.Kbps
)

// bound makes top the largest size, as an index into ladderSizes. If that was what kept
// the pictures small, they grow at once.
func (l *ladder) bound(top int) {
	if top < l.top && l.step <= l.top {
		l.started = false
	}
	l.top = top
}

// choose returns the rung for what links allow, from a camera that gives w by h
// pixels at fps.
func (l *ladder) choose(now time.Time, allowed allowance, w, h, fps int) rung {
	target := allowed.size()
	step, tempo := l.fit(target, w, h, fps, 1)
	if !l.started || step > l.step || tempo > l.tempo {
		l.step, l.tempo, l.started, l.better = step, tempo, true, time.Time{}
	} else {
		l.climb(now, target, w, h, fps)
	}
	r := rung{FPS: max(fps/ladderTempos[l.tempo], 1)}
	r.Width, r.Height = evenPart(w, ladderSizes[l.step]), evenPart(h, ladderSizes[l.step])
	r.Left = min(encoderRate(allowed.pictures(), soundFor(allowed.sustained), r.FPS), l.most(r))
	r.Video = max(r.Left, minVideo)
	r.Thin = encoderRate(target, soundFor(allowed.sustained), r.FPS) < minVideo
	l.spacing = 0
	if l.tempo > 0 {
		l.spacing = time.Second / time.Duration(r.FPS)
	}
	return r
}

// most is the bitrate beyond which nobody sees a difference. Who sees all that the camera
// gives may look closely.
func (l *ladder) most(r rung) media.Bitrate {
	if l.top > 0 {
		return plenty(r.Width, r.Height, r.FPS)
	}
	return closely * plenty(r.Width, r.Height, r.FPS)
}

// climb goes up one rung when it would have fitted well for a while.
func (l *ladder) climb(now time.Time, target media.Bitrate, w, h, fps int) {
	step, tempo := l.fit(target, w, h, fps, upMargin)
	if step >= l.step && tempo >= l.tempo {
		l.better = time.Time{}
		return
	}
	if l.better.IsZero() {
		l.better = now
	}
	if now.Sub(l.better) < upDelay {
		return
	}
	l.step, l.tempo, l.better = min(step, l.step), min(tempo, l.tempo), time.Time{}
}

// fit finds the highest rung on which a pixel gets enough bits.
func (l *ladder) fit(target media.Bitrate, w, h, fps int, margin float64) (step, tempo int) {
	for tempo, divisor := range ladderTempos {
		video := float64(encoderRate(target, soundFor(target), fps/divisor))
		for step := l.top; step < len(ladderSizes); step++ {
			eighths := ladderSizes[step]
			pixels := float64(w*eighths/8) * float64(h*eighths/8) * float64(fps) / float64(divisor)
			if video >= enoughBits*margin*pixels {
				return step, tempo
			}
		}
	}
	return len(ladderSizes) - 1, len(ladderTempos) - 1
}

// skip says whether a picture at now comes too soon for the frame rate.
func (l *ladder) skip(now time.Time) bool {
	if l.spacing > 0 && now.Sub(l.last) < l.spacing*9/10 {
		return true
	}
	l.last = now
	return false
}

func evenPart(n, eighths int) int { return max(n*eighths/16*2, 16) }

// soundRung is how sound is sent at some rate.
type soundRung struct {
	Bitrate media.Bitrate // for the encoder
	Packet  time.Duration // how much sound each packet holds
}

// soundLadder: the less a link carries, the more sound shares one packet's
// overhead of 66 bytes. from is the rate of the link in all.
var soundLadder = []struct {
	from media.Bitrate
	soundRung
}{
	{800 * media.Kbps, soundRung{48 * media.Kbps, 10 * time.Millisecond}},
	{700 * media.Kbps, soundRung{48 * media.Kbps, 20 * time.Millisecond}},
	{300 * media.Kbps, soundRung{32 * media.Kbps, 20 * time.Millisecond}},
	{150 * media.Kbps, soundRung{24 * media.Kbps, 20 * time.Millisecond}},
	{80 * media.Kbps, soundRung{20 * media.Kbps, 40 * time.Millisecond}},
	{45 * media.Kbps, soundRung{14 * media.Kbps, 60 * time.Millisecond}},
	{0, soundRung{10 * media.Kbps, 60 * time.Millisecond}},
}

// soundAlone is the best step of soundLadder for links without pictures: no lips are seen
// that sound could be late for, and half as many packets have half the overhead.
const soundAlone = 1

// packetOverhead is what a packet costs on the wire besides its payload, in
// bytes: IP, UDP, QUIC and RTP headers.
const packetOverhead = 66

// soundFor chooses how to send sound on a link that carries target in all.
func soundFor(target media.Bitrate) soundRung { return soundLadder[soundStep(target)].soundRung }

// soundStep is the index in soundLadder for a link that carries target in all.
func soundStep(target media.Bitrate) int {
	for i, s := range soundLadder {
		if target >= s.from {
			return i
		}
	}
	return len(soundLadder) - 1
}

// wire is what sound takes on the wire.
func (s soundRung) wire() media.Bitrate {
	return s.Bitrate + media.Bitrate(time.Second/s.Packet)*packetOverhead*8
}

// minVideo keeps an encoder's rate control working. Where less is left, pictures
// come as rarely as it affords them.
const minVideo = 9 * media.Kbps

// encoderRate is what remains for the encoder once its packets have paid their
// overhead: as many as a frame fills and half of one more, but one at least.
// Feedback is not part of the target: to rate control it is other people's
// traffic.
func encoderRate(target media.Bitrate, sound soundRung, fps int) media.Bitrate {
	share, heads := float64(target-sound.wire()), float64(fps)*packetOverhead*8
	payload := float64(quicproto.VideoPayload(target))
	rate := min(share-heads, (share-heads/2)*payload/(payload+packetOverhead))
	return max(media.Bitrate(rate), 0)
}
