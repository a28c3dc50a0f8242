package quicproto

import (
	"github.com/pion/rtp"

	"github.com/skulltech/prattle/media"
)

// The payload formats of VP8 and JPEG do not say which earlier frames a frame
// needs. An RTP header extension of ours (RFC 8285, one-byte form) on the first
// packet of a frame does, in the manner of VP9's P_DIFF: one byte for each
// reference, frames back.
const extReferences = 1

func setReferences(h *rtp.Header, f *media.EncodedFrame) {
	if f.Keyframe || f.NumRefs == 0 {
		return
	}
	if err := h.SetExtension(extReferences, f.Refs[:f.NumRefs]); err != nil {
		panic("quicproto: references do not fit their extension: " + err.Error())
	}
}

// readReferences replaces what the payload format assumed.
func readReferences(h *rtp.Header, d *descriptor) {
	if b := h.GetExtension(extReferences); len(b) > 0 {
		d.numRefs = copy(d.refs[:], b)
	}
}

func extensionSize(h *rtp.Header) int { return h.MarshalSize() - rtpSize }
