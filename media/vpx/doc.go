// Package vpx is the VP8 and VP9 codecs of libvpx, registered as "vp8" and
// "vp9". Built without cgo it registers nothing.
//
// The encoders are set up for a call: constant bitrate, no look-ahead, small
// buffers, and every frame's references chosen here rather than by libvpx (see
// references), so that a receiver knows from EncodedFrame.Refs alone what it can
// decode, and so that a loss is repaired from a long-term reference without the
// cost of a keyframe.
package vpx
