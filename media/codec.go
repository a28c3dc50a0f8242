package media

import (
	"errors"
	"fmt"
	"sort"
	"time"
)

// EncodedFrame is one compressed picture on its way from encoder to decoder.
type EncodedFrame struct {
	Codec         string // as registered: "vp9", "vp8", "jpeg"
	Data          []byte
	Timestamp     uint32 // RTP time, 90 kHz
	Keyframe      bool
	Width, Height int
	Layer         Layer

	// ID counts the frames of one encoder, modulo 2^15 (PictureID of RFC 9628
	// and RFC 7741).
	ID uint16
	// Refs says how many frames back each picture lies that this one is
	// predicted from (P_DIFF of RFC 9628), NumRefs how many there are. A codec
	// that cannot say names the frame before.
	Refs    [3]uint8
	NumRefs int

	N        uint64    // index of the source frame
	Captured time.Time // local time at the sender only

	Held time.Duration // by the receiver, for the sake of lip sync
}

// FrameIDMask wraps EncodedFrame.ID.
const FrameIDMask = 1<<15 - 1

// Layer says which layer of a scalable stream a frame belongs to. Frames of
// layer T are predicted only from frames of layers up to T.
type Layer struct {
	Temporal, Spatial uint8
}

// VideoEncoder compresses pictures in order. It is used by one goroutine.
type VideoEncoder interface {
	// Encode compresses f as order says. The size of f may change from call to
	// call. The result is valid until the next call; its Data is empty when the
	// rate control chose to drop the picture. Timestamp and N are the caller's
	// to set; ID, Refs, Layer and Keyframe are the encoder's.
	Encode(f *Frame, order EncodeOrder) (EncodedFrame, error)
	Close() error
}

// EncodeOrder says how one picture is to be compressed.
type EncodeOrder struct {
	Keyframe bool    // begin anew: predicted from nothing
	Bitrate  Bitrate // the target from this picture on; 0 leaves it
	FPS      int     // the frame rate from this picture on; 0 leaves it

	// Recover predicts this picture only from the long-term reference, which
	// MarkLongTerm set on an earlier one and the receiver has confirmed: the
	// repair after a loss without the cost of a keyframe. An encoder without
	// long-term references makes a keyframe instead.
	Recover bool
	// MarkLongTerm keeps this picture as the long-term reference.
	MarkLongTerm bool
	// Confirmed lists, for Recover, the IDs of the marked pictures that every
	// receiver has: the latest of them that the encoder still holds is used (it
	// holds several, of which the oldest gives way to a new mark). Empty, the
	// latest mark is. A keyframe counts as marked.
	Confirmed []uint16
}

// VideoEncoderConfig is what an encoder starts with.
type VideoEncoderConfig struct {
	Width, Height  int
	FPS            int
	Bitrate        Bitrate
	TemporalLayers int // 1 to 3
	Threads        int // 0: the encoder's choice
}

// VideoDecoder decompresses frames in order. It is used by one goroutine.
type VideoDecoder interface {
	// Decode decompresses one frame into dst, resizing it as needed. shown is
	// false if the frame yields no picture. Pictures larger than the decoder was
	// opened for are refused.
	Decode(data []byte, dst *Frame) (shown bool, err error)
	Close() error
}

// Bounds of what a decoder accepts: a peer must not be able to make us allocate
// without end.
const (
	MaxPixels = 4096 * 2304 // luma pixels
	MaxSide   = 4096        // pixels; codecs surround a picture with memory, long thin ones with most
)

// VideoDecoderConfig is what a decoder is opened for.
type VideoDecoderConfig struct {
	MaxPixels int // the largest picture, in luma pixels; 0, and more than MaxPixels: MaxPixels
}

// Fits says whether a decoder opened so takes pictures of that size.
func (c VideoDecoderConfig) Fits(w, h int) bool {
	most := MaxPixels
	if c.MaxPixels > 0 {
		most = min(c.MaxPixels, MaxPixels)
	}
	return w > 0 && h > 0 && w <= MaxSide && h <= MaxSide && w*h <= most
}

// VideoCodec is a registered way to compress pictures.
type VideoCodec struct {
	Name       string
	Preference int // higher is offered first
	NewEncoder func(VideoEncoderConfig) (VideoEncoder, error)
	NewDecoder func(VideoDecoderConfig) (VideoDecoder, error)
}

// AudioEncoder compresses sound in order. It is used by one goroutine.
type AudioEncoder interface {
	// Encode appends the packet for pcm (10, 20, 40 or 60 ms) to dst.
	Encode(dst []byte, pcm []int16) ([]byte, error)
	// Tune changes the rate and the loss to be protected against from the next
	// packet on.
	Tune(AudioTuning) error
	Close() error
}

// PauseEncoder is what an AudioEncoder may be besides.
type PauseEncoder interface {
	// AppendPause appends to dst a packet that holds no sound but says that none is
	// sent until there is something to hear (see NewPlayout).
	AppendPause(dst []byte) []byte
}

// AudioTuning is what may change during a call.
type AudioTuning struct {
	Bitrate      Bitrate
	ExpectedLoss float64 // 0 to 1; above 0 asks for in-band FEC where the codec has it
}

// AudioDecoder decompresses packets in order. It is used by one goroutine.
// Each method fills all or the first n samples of pcm.
type AudioDecoder interface {
	// Decode decompresses one packet into pcm and returns its length in samples.
	Decode(pcm []int16, packet []byte) (n int, err error)
	// Recover fills pcm, which stands for the lost packet just before next, from
	// the copy that next may carry; without one it conceals.
	Recover(pcm []int16, next []byte) error
	// Conceal fills pcm with a guess at what a lost packet held.
	Conceal(pcm []int16) error
	Close() error
}

// AudioCodec is a registered way to compress sound.
type AudioCodec struct {
	Name       string
	Preference int
	NewEncoder func(AudioTuning) (AudioEncoder, error)
	NewDecoder func() (AudioDecoder, error)
}

// ErrNoCodec is wrapped by the look-ups of codecs.
var ErrNoCodec = errors.New("no such codec")

var (
	videoCodecs []VideoCodec
	audioCodecs []AudioCodec
)

// RegisterVideoCodec adds a codec; call it from init.
func RegisterVideoCodec(c VideoCodec) {
	videoCodecs = append(videoCodecs, c)
	sort.SliceStable(videoCodecs, func(i, j int) bool { return videoCodecs[i].Preference > videoCodecs[j].Preference })
}

// RegisterAudioCodec adds a codec; call it from init.
func RegisterAudioCodec(c AudioCodec) {
	audioCodecs = append(audioCodecs, c)
	sort.SliceStable(audioCodecs, func(i, j int) bool { return audioCodecs[i].Preference > audioCodecs[j].Preference })
}

// VideoCodecs lists the names of the video codecs here, preferred first.
func VideoCodecs() []string {
	var names []string
	for _, c := range videoCodecs {
		names = append(names, c.Name)
	}
	return names
}

// AudioCodecs lists the names of the audio codecs here, preferred first.
func AudioCodecs() []string {
	var names []string
	for _, c := range audioCodecs {
		names = append(names, c.Name)
	}
	return names
}

// VideoCodecByName finds a codec by its name.
func VideoCodecByName(name string) (VideoCodec, error) {
	for _, c := range videoCodecs {
		if c.Name == name {
			return c, nil
		}
	}
	return VideoCodec{}, fmt.Errorf("%w: video %q", ErrNoCodec, name)
}

// AudioCodecByName finds a codec by its name.
func AudioCodecByName(name string) (AudioCodec, error) {
	for _, c := range audioCodecs {
		if c.Name == name {
			return c, nil
		}
	}
	return AudioCodec{}, fmt.Errorf("%w: audio %q", ErrNoCodec, name)
}
