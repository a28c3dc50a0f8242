package quicproto

import "github.com/skulltech/prattle/media"

// Bits of the VP8 payload descriptor, RFC 7741 section 4.2.
//
//	 0 1 2 3 4 5 6 7
//	+-+-+-+-+-+-+-+-+
//	|X|R|N|S|R| PID |
//	|I|L|T|K| RSV   | X
//	|M| picture ID  | I
//	| extended      | M
//	| TL0PICIDX     | L
//	|TID|Y| KEYIDX  | T or K
const (
	vp8Extended  = 0x80
	vp8Start     = 0x10
	vp8PictureID = 0x80
	vp8TL0       = 0x40
	vp8TID       = 0x20
	vp8KeyIndex  = 0x10
)

func appendVP8(b []byte, f *media.EncodedFrame, first, _ bool) []byte {
	head := byte(vp8Extended)
	if first {
		head |= vp8Start
	}
	b = append(b, head, vp8PictureID|vp8TID)
	b = appendPictureID(b, f.ID)
	return append(b, f.Layer.Temporal<<6)
}

func parseVP8(b []byte) (descriptor, []byte, error) {
	d, b, err := parseVP8Descriptor(b)
	if err != nil {
		return d, nil, err
	}
	// The P bit of the VP8 frame header (RFC 6386 section 9.1), clear in a keyframe.
	d.keyframe = d.start && b[0]&1 == 0
	if !d.keyframe {
		d.refs[0], d.numRefs = 1, 1
	}
	return d, b, nil
}

// parseJPEG reads our private payload format for JPEG: the VP8 descriptor, every
// frame a keyframe.
func parseJPEG(b []byte) (descriptor, []byte, error) {
	d, b, err := parseVP8Descriptor(b)
	d.keyframe = true
	return d, b, err
}

func parseVP8Descriptor(b []byte) (descriptor, []byte, error) {
	var d descriptor
	if len(b) < 2 {
		return d, nil, errShortPayload
	}
	head := b[0]
	b = b[1:]
	d.start = head&vp8Start != 0 && head&7 == 0
	if head&vp8Extended != 0 {
		ext := b[0]
		b = b[1:]
		var err error
		if ext&vp8PictureID != 0 {
			if d.id, b, err = parsePictureID(b); err != nil {
				return d, nil, err
			}
		}
		if ext&vp8TL0 != 0 {
			if len(b) < 1 {
				return d, nil, errShortPayload
			}
			b = b[1:]
		}
		if ext&(vp8TID|vp8KeyIndex) != 0 {
			if len(b) < 1 {
				return d, nil, errShortPayload
			}
			d.layer.Temporal = b[0] >> 6
			b = b[1:]
		}
	}
	if len(b) == 0 {
		return d, nil, errShortPayload
	}
	return d, b, nil
}
