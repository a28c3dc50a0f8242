package quicproto

import (
	"errors"
	"fmt"

	"github.com/skulltech/prattle/media"
)

// RTP payload types. All are dynamic (RFC 3551); since both ends are Prattle
// they are fixed instead of negotiated.
const (
	ptOpus  = 111
	ptPCMU  = 101 // G.711 at 48 kHz
	ptRED   = 63  // redundant sound, RFC 2198
	ptVP9   = 98
	ptVP8   = 96
	ptJPEG  = 100
	ptRTX   = 97  // retransmission, RFC 4588
	ptFEC   = 102 // parity of video packets, fec.go
	rtpSize = 12  // bytes of an RTP header without extensions
)

// SSRCs of the RTP streams. A connection has two ends and each direction a
// space of its own, so they cannot collide and need no randomness.
const (
	ssrcAudio  = 1
	ssrcVideo  = 2
	ssrcRepair = 3
	ssrcFEC    = 4
	ssrcCount  = 4
)

// descriptor is what the payload descriptor of a video packet says.
type descriptor struct {
	id       uint16 // picture ID, 15 bits
	start    bool   // first packet of its frame
	keyframe bool   // only meaningful where start is set
	layer    media.Layer
	refs     [3]uint8
	numRefs  int
}

// videoFormat is an RTP payload format for one video codec.
type videoFormat struct {
	codec       string
	payloadType uint8
	// append appends the descriptor of a packet of frame f.
	append func(b []byte, f *media.EncodedFrame, first, last bool) []byte
	// parse splits a payload into descriptor and data, which aliases b.
	parse func(b []byte) (descriptor, []byte, error)
}

var videoFormats = []videoFormat{
	{"vp9", ptVP9, appendVP9, parseVP9},
	{"vp8", ptVP8, appendVP8, parseVP8},
	{"jpeg", ptJPEG, appendVP8, parseJPEG},
}

var audioPayloadTypes = map[string]uint8{"opus": ptOpus, "pcmu": ptPCMU}

var (
	errShortPayload   = errors.New("payload is too short")
	errUnknownPayload = errors.New("unknown payload type")
)

func videoFormatByCodec(codec string) (*videoFormat, error) {
	for i := range videoFormats {
		if videoFormats[i].codec == codec {
			return &videoFormats[i], nil
		}
	}
	return nil, fmt.Errorf("no RTP payload format for %q", codec)
}

func videoFormatByType(pt uint8) (*videoFormat, error) {
	for i := range videoFormats {
		if videoFormats[i].payloadType == pt {
			return &videoFormats[i], nil
		}
	}
	return nil, fmt.Errorf("%w %d for video", errUnknownPayload, pt)
}

func audioCodecByType(pt uint8) (string, error) {
	for codec, t := range audioPayloadTypes {
		if t == pt {
			return codec, nil
		}
	}
	return "", fmt.Errorf("%w %d for audio", errUnknownPayload, pt)
}

// appendPictureID appends the 15-bit form that both VP8 and VP9 use.
func appendPictureID(b []byte, id uint16) []byte {
	return append(b, 0x80|byte(id>>8), byte(id))
}

// parsePictureID reads either form and returns what follows.
func parsePictureID(b []byte) (id uint16, rest []byte, err error) {
	switch {
	case len(b) < 1:
		return 0, nil, errShortPayload
	case b[0]&0x80 == 0:
		return uint16(b[0]), b[1:], nil
	case len(b) < 2:
		return 0, nil, errShortPayload
	}
	return uint16(b[0]&0x7f)<<8 | uint16(b[1]), b[2:], nil
}
