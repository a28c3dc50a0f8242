package media

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"math"
)

func init() {
	RegisterVideoCodec(VideoCodec{
		Name:       "jpeg",
		Preference: 1,
		NewEncoder: newJPEGEncoder,
		NewDecoder: func(cfg VideoDecoderConfig) (VideoDecoder, error) { return &jpegDecoder{cfg: cfg}, nil },
	})
}

// A jpegEncoder makes every picture a keyframe. It is there without C, and takes
// many times the rate of a video codec for the same quality. Samples keep their
// video range, unlike in a file of type JFIF.
type jpegEncoder struct {
	rate   jpegRate
	buf    jpegBuffer
	id     uint16
	closed bool
}

var errClosedCodec = errors.New("jpeg: codec is closed")

func newJPEGEncoder(cfg VideoEncoderConfig) (VideoEncoder, error) {
	if err := checkPictureSize(cfg.Width, cfg.Height, VideoDecoderConfig{}); err != nil {
		return nil, err
	}
	return &jpegEncoder{rate: newJPEGRate(cfg.Bitrate, cfg.FPS)}, nil
}

func (e *jpegEncoder) Encode(f *Frame, order EncodeOrder) (EncodedFrame, error) {
	if e.closed {
		return EncodedFrame{}, errClosedCodec
	}
	if err := checkPicture(f); err != nil {
		return EncodedFrame{}, err
	}
	e.rate.tune(order.Bitrate, order.FPS)
	out := EncodedFrame{Codec: "jpeg", Keyframe: true, Width: f.Width, Height: f.Height}
	if e.rate.inDebt() && !order.Keyframe && !order.Recover {
		e.rate.spend(0)
		return out, nil
	}
	pixels := f.Width * f.Height
	if err := e.compress(f, e.rate.quality(pixels)); err != nil {
		return EncodedFrame{}, err
	}
	if e.rate.learn(pixels, e.buf.Len()) {
		// Far too large: the picture is not what it was. Once more, knowing it.
		if err := e.compress(f, e.rate.quality(pixels)); err != nil {
			return EncodedFrame{}, err
		}
		e.rate.learn(pixels, e.buf.Len())
	}
	e.rate.spend(e.buf.Len())
	out.Data, out.ID = e.buf.Bytes(), e.id
	e.id = (e.id + 1) & FrameIDMask
	return out, nil
}

func (e *jpegEncoder) compress(f *Frame, quality int) error {
	e.buf.Reset()
	err := jpeg.Encode(&e.buf, &image.YCbCr{
		Y: f.Y, Cb: f.U, Cr: f.V, YStride: f.YStride, CStride: f.UVStride,
		SubsampleRatio: image.YCbCrSubsampleRatio420,
		Rect:           image.Rect(0, 0, f.Width, f.Height),
	}, &jpeg.Options{Quality: quality})
	if err != nil {
		return fmt.Errorf("jpeg: encode: %w", err)
	}
	return nil
}

func (e *jpegEncoder) Close() error {
	e.closed = true
	return nil
}

// jpegBuffer saves package jpeg a buffer of its own.
type jpegBuffer struct{ bytes.Buffer }

func (*jpegBuffer) Flush() error { return nil }

// jpegRate chooses the quality that meets a bitrate, and says when even the worst
// does not.
type jpegRate struct {
	bitrate Bitrate
	fps     int

	// detail is how many bits a pixel takes at quality 50: what was learnt of the
	// pictures.
	detail float64
	debt   int // bytes beyond the rate, not below 0
}

const (
	// jpegElasticity is the power of the quantizer with which the size falls.
	jpegElasticity = 0.75
	jpegDetail     = 0.8 // of a usual picture, in bits a pixel
	jpegSurprise   = 2   // times the target: a picture so large is encoded again

	// Rather than make pictures of less than fair quality, it makes fewer, though not
	// fewer than a few a second; then it drops them.
	jpegFair     = 20
	jpegFew      = 5   // a second
	jpegPatience = 0.5 // seconds' worth of debt before pictures are dropped
)

func newJPEGRate(bitrate Bitrate, fps int) jpegRate {
	r := jpegRate{bitrate: Mbps, fps: 30, detail: jpegDetail}
	r.tune(bitrate, fps)
	return r
}

func (r *jpegRate) tune(bitrate Bitrate, fps int) {
	if bitrate > 0 {
		r.bitrate = bitrate
	}
	if fps > 0 {
		r.fps = fps
	}
}

// budget is what one picture may take, in bytes.
func (r *jpegRate) budget() float64 { return float64(r.bitrate) / 8 / float64(r.fps) }

// target is what the next picture should take, in bytes.
func (r *jpegRate) target(pixels int) float64 {
	fluent := max(r.budget()-float64(r.debt)/8, r.budget()/4)
	fair := r.detail * float64(pixels) / 8 / math.Pow(jpegScale(jpegFair), jpegElasticity)
	few := float64(r.bitrate) / 8 / jpegFew
	return max(fluent, min(fair, few))
}

// quality is 1 to 95, for the next picture.
func (r *jpegRate) quality(pixels int) int {
	return jpegQuality(math.Pow(r.detail*float64(pixels)/8/r.target(pixels), 1/jpegElasticity))
}

// jpegQuality is the quality that scales the standard's quantizers by scale; see
// libjpeg's jpeg_quality_scaling.
func jpegQuality(scale float64) int {
	q := 100 - 50*scale
	if scale > 1 {
		q = 50 / scale
	}
	return int(min(max(q, 1), 95))
}

func jpegScale(quality int) float64 {
	if quality < 50 {
		return 50 / float64(quality)
	}
	return 2 - float64(quality)/50
}

// learn takes the size of a picture of the quality just asked for, in bytes, and
// says whether it is so far off that it should be encoded again.
func (r *jpegRate) learn(pixels, size int) (again bool) {
	quality := r.quality(pixels)
	again = float64(size) > jpegSurprise*r.target(pixels)
	r.detail = 8 * float64(size) / float64(pixels) * math.Pow(jpegScale(quality), jpegElasticity)
	return again && r.quality(pixels) < quality
}

// spend accounts for a picture of size bytes, or none.
func (r *jpegRate) spend(size int) { r.debt = max(r.debt+size-int(r.budget()), 0) }

func (r *jpegRate) inDebt() bool { return float64(r.debt) > jpegPatience*float64(r.bitrate)/8 }

type jpegDecoder struct {
	cfg    VideoDecoderConfig
	closed bool
}

func (d *jpegDecoder) Decode(data []byte, dst *Frame) (shown bool, err error) {
	if d.closed {
		return false, errClosedCodec
	}
	if err := checkJPEG(data, d.cfg); err != nil {
		return false, err
	}
	decoded, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return false, fmt.Errorf("jpeg: decode: %w", err)
	}
	m, ok := decoded.(*image.YCbCr)
	if !ok || m.SubsampleRatio != image.YCbCrSubsampleRatio420 {
		return false, errors.New("jpeg: not a 4:2:0 picture")
	}
	dst.Resize(m.Rect.Dx(), m.Rect.Dy())
	copyFrame(dst, &Frame{Width: dst.Width, Height: dst.Height, Y: m.Y, U: m.Cb, V: m.Cr, YStride: m.YStride, UVStride: m.CStride})
	return true, nil
}

func (d *jpegDecoder) Close() error {
	d.closed = true
	return nil
}

// Markers of ITU-T T.81, table B.1.
const (
	jpegSOF0 = 0xc0 // a baseline picture
	jpegDHT  = 0xc4
	jpegDQT  = 0xdb
	jpegDRI  = 0xdd
	jpegAPP0 = 0xe0 // up to 0xef
	jpegCOM  = 0xfe
)

// checkJPEG refuses what would take a decoder long: large pictures, and progressive
// ones, whose passes over all of the picture take a few bytes each. It walks
// over the segments before the picture's header, each with a marker and a length.
func checkJPEG(data []byte, cfg VideoDecoderConfig) error {
	const start, head = 2, 9 // bytes: of the file's first marker, of a picture's header as far as its size
	for i := start; i+head <= len(data) && data[i] == 0xff; {
		switch marker := data[i+1]; {
		case marker == jpegSOF0:
			h, w := int(data[i+5])<<8|int(data[i+6]), int(data[i+7])<<8|int(data[i+8])
			return checkPictureSize(w, h, cfg)
		case marker == jpegDHT, marker == jpegDQT, marker == jpegDRI, marker == jpegCOM, marker&^0xf == jpegAPP0:
			i += 2 + int(data[i+2])<<8 + int(data[i+3])
		default:
			return errNotBaseline
		}
	}
	return errNotBaseline
}

var errNotBaseline = errors.New("jpeg: not a baseline picture")

func checkPictureSize(w, h int, cfg VideoDecoderConfig) error {
	if !cfg.Fits(w, h) {
		return fmt.Errorf("jpeg: a picture of %dx%d", w, h)
	}
	return nil
}

// checkPicture says whether all pixels of f are there.
func checkPicture(f *Frame) error {
	if err := checkPictureSize(f.Width, f.Height, VideoDecoderConfig{}); err != nil {
		return err
	}
	cw, ch := ChromaSize(f.Width, f.Height)
	if f.YStride < f.Width || f.UVStride < cw || len(f.Y) < (f.Height-1)*f.YStride+f.Width ||
		min(len(f.U), len(f.V)) < (ch-1)*f.UVStride+cw {
		return errors.New("jpeg: planes shorter than the picture")
	}
	return nil
}
