package quicproto

import "github.com/skulltech/prattle/media"

// Bits of the VP9 payload descriptor, RFC 9628 section 4.2. Prattle sends the
// flexible mode (F), in which each frame names its references (P_DIFF): the
// receiver can tell exactly what is decodable after a loss.
//
//	 0 1 2 3 4 5 6 7
//	+-+-+-+-+-+-+-+-+
//	|I|P|L|F|B|E|V|Z|
//	+-+-+-+-+-+-+-+-+
//	|M| picture ID  | I
//	| extended      | M
//	| TID |U| SID |D| L
//	| P_DIFF      |N| P and F, up to three times
const (
	vp9PictureID = 0x80
	vp9Predicted = 0x40
	vp9Layers    = 0x20
	vp9Flexible  = 0x10
	vp9Start     = 0x08
	vp9End       = 0x04
	vp9Structure = 0x02
)

func appendVP9(b []byte, f *media.EncodedFrame, first, last bool) []byte {
	head := byte(vp9PictureID | vp9Layers | vp9Flexible)
	if !f.Keyframe {
		head |= vp9Predicted
	}
	if first {
		head |= vp9Start
	}
	if last {
		head |= vp9End
	}
	b = append(b, head)
	b = appendPictureID(b, f.ID)
	b = append(b, f.Layer.Temporal<<5|f.Layer.Spatial<<1)
	if f.Keyframe {
		return b
	}
	for i := range f.NumRefs {
		diff := f.Refs[i] << 1
		if i < f.NumRefs-1 {
			diff |= 1
		}
		b = append(b, diff)
	}
	return b
}

func parseVP9(b []byte) (descriptor, []byte, error) {
	var d descriptor
	if len(b) < 1 {
		return d, nil, errShortPayload
	}
	head := b[0]
	b = b[1:]
	d.start = head&vp9Start != 0
	d.keyframe = head&vp9Predicted == 0
	var err error
	if head&vp9PictureID != 0 {
		if d.id, b, err = parsePictureID(b); err != nil {
			return d, nil, err
		}
	}
	if head&vp9Layers != 0 {
		if b, err = parseVP9Layers(&d, b, head&vp9Flexible != 0); err != nil {
			return d, nil, err
		}
	}
	if head&vp9Predicted != 0 && head&vp9Flexible != 0 {
		if b, err = parseVP9Refs(&d, b); err != nil {
			return d, nil, err
		}
	}
	if head&vp9Structure != 0 {
		if b, err = skipVP9Structure(b); err != nil {
			return d, nil, err
		}
	}
	if len(b) == 0 {
		return d, nil, errShortPayload
	}
	return d, b, nil
}

func parseVP9Layers(d *descriptor, b []byte, flexible bool) ([]byte, error) {
	n := 1
	if !flexible {
		n = 2 // TL0PICIDX follows
	}
	if len(b) < n {
		return nil, errShortPayload
	}
	d.layer = media.Layer{Temporal: b[0] >> 5, Spatial: b[0] >> 1 & 7}
	return b[n:], nil
}

func parseVP9Refs(d *descriptor, b []byte) ([]byte, error) {
	for d.numRefs < len(d.refs) {
		if len(b) < 1 {
			return nil, errShortPayload
		}
		more := b[0]&1 != 0
		d.refs[d.numRefs] = b[0] >> 1
		d.numRefs++
		b = b[1:]
		if !more {
			break
		}
	}
	return b, nil
}

// skipVP9Structure passes over a scalability structure, which we do not need:
// sizes are in the bitstream and references in each frame.
//
//	| N_S |Y|G|-|-|-|
//	| WIDTH, HEIGHT | Y, 2 + 2 bytes for each of N_S + 1
//	| N_G           | G, then for each
//	| TID |U| R |-|-|   and R bytes
func skipVP9Structure(b []byte) ([]byte, error) {
	if len(b) < 1 {
		return nil, errShortPayload
	}
	head := b[0]
	n := 1
	if head&0x10 != 0 {
		n += 4 * (int(head>>5) + 1)
	}
	if head&0x08 != 0 {
		if len(b) <= n {
			return nil, errShortPayload
		}
		groups := int(b[n])
		n++
		for range groups {
			if len(b) <= n {
				return nil, errShortPayload
			}
			n += 1 + int(b[n]>>2&3)
		}
	}
	if len(b) < n {
		return nil, errShortPayload
	}
	return b[n:], nil
}
