package vpx

/*
#include "shim.h"
*/
import "C"

import (
	"fmt"
	"math/bits"
	"unsafe"

	"github.com/skulltech/prattle/media"
)

// vp9 drives libvpx's SVC mode, with no spatial layer but the one: it alone lets
// the caller choose the references of each frame.
type vp9 struct{}

func (vp9) name() string                { return "vp9" }
func (vp9) iface() *C.vpx_codec_iface_t { return C.vpx_codec_vp9_cx() }

func (vp9) references(layers int) references {
	r := references{layers: layers, scales: true, longTerm: []buffer{2, 3, 4}, idle: 1<<5 | 1<<6 | 1<<7}
	if layers < 3 {
		r.idle |= 1 << middleBuffer
	}
	return r
}

// codedSize is even, as SVC mode has it. The size to be shown goes along.
func (vp9) codedSize(w, h int) (int, int) { return w + w&1, h + h&1 }

// resizable is true up to the size at which the encoder was opened.
func (v vp9) resizable(e *encoder, w, h int) bool {
	w, h = v.codedSize(w, h)
	return w <= e.largestW && h <= e.largestH
}

func (vp9) opened(e *encoder) error {
	columns := bits.Len(uint(e.threads())) - 1 // log2
	err := e.set(
		setting{"adaptive quantization", C.VP9E_SET_AQ_MODE, 3}, // cyclic refresh: +0.9 dB at 300 kbit/s
		setting{"keyframe size", C.VP8E_SET_MAX_INTRA_BITRATE_PCT, maxIntraPercent},
		setting{"tile columns", C.VP9E_SET_TILE_COLUMNS, columns},
		setting{"row threads", C.VP9E_SET_ROW_MT, min(columns, 1)},
		setting{"static threshold", C.VP8E_SET_STATIC_THRESHOLD, 1},
		setting{"automatic alt-ref", C.VP8E_SET_ENABLEAUTOALTREF, 0},
		setting{"colour space", C.VP9E_SET_COLOR_SPACE, C.VPX_CS_BT_601},
		setting{"SVC mode", C.VP9E_SET_SVC, 1},
	)
	if err != nil {
		return err
	}
	return e.result(C.vp9_drops(&e.c.ctx, dropPercent))
}

func (vp9) resized(e *encoder) error {
	speed := 9
	if e.width*e.height <= fewPixels {
		speed = 8
	}
	if err := e.set(setting{"speed", C.VP8E_SET_CPUUSED, speed}); err != nil {
		return err
	}
	shown := [2]C.int{C.int(e.config.Width), C.int(e.config.Height)}
	return e.result(C.control_ptr(&e.c.ctx, C.VP9E_SET_RENDER_SIZE, unsafe.Pointer(&shown)))
}

func (v vp9) rate(e *encoder) error {
	e.fill(e)
	if err := e.reconfigure(); err != nil {
		return err
	}
	return v.limit(e)
}

// fill puts the bitrate into libvpx's configuration.
func (vp9) fill(e *encoder) {
	cfg, layers := &e.c.cfg, e.config.TemporalLayers
	kbps := C.uint(max(e.config.Bitrate/media.Kbps, 1))
	cfg.rc_target_bitrate = kbps
	cfg.ss_number_layers = 1
	cfg.ss_target_bitrate[0] = kbps
	cfg.temporal_layering_mode = C.VP9E_TEMPORAL_LAYERING_MODE_BYPASS
	if layers > 1 {
		cfg.ts_number_layers = C.uint(layers)
		for i, share := range layerShares[layers] {
			cfg.ts_rate_decimator[i] = 1 << (layers - 1 - i)
			cfg.layer_target_bitrate[i] = kbps * C.uint(share) / 100
		}
		return
	}
	// A single layer has no rate control in this mode. So there are two, of which
	// the lower one has the whole rate at the whole pace and the upper one no
	// frames. As soon as the latter has a rate, libvpx takes each configuration
	// for a leap in rate and levels its buffer.
	cfg.ts_number_layers = 2
	cfg.ts_rate_decimator[0], cfg.ts_rate_decimator[1] = 1, 1
	cfg.layer_target_bitrate[0], cfg.layer_target_bitrate[1] = kbps, 0
	if leaps(e.levelled, e.config.Bitrate) {
		cfg.layer_target_bitrate[1] = kbps
		e.levelled = e.config.Bitrate
	}
}

// limit uses a control of its own: in SVC mode the configuration's range counts
// for nothing.
func (vp9) limit(e *encoder) error {
	if err := e.result(C.vp9_quantizers(&e.c.ctx, C.int(e.c.cfg.rc_min_quantizer), C.int(e.c.cfg.rc_max_quantizer))); err != nil {
		return fmt.Errorf("set quantizers: %w", err)
	}
	return nil
}

func (vp9) order(e *encoder, p plan) (C.long, error) {
	var flags C.long
	to := C.int(p.to)
	if p.keyframe {
		flags, to = C.VPX_EFLAG_FORCE_KF, 0xff
	}
	if err := e.result(C.vp9_references(&e.c.ctx, C.int(p.layer), C.int(p.from), to, C.int(flags))); err != nil {
		return 0, fmt.Errorf("set references: %w", err)
	}
	return flags, nil
}
