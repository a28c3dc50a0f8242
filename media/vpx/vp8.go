package vpx

/*
#include "shim.h"
*/
import "C"

import (
	"math/bits"

	"github.com/skulltech/prattle/media"
)

// VP8 names its buffers; the first is LAST.
const (
	goldenBuffer buffer = 1
	altrefBuffer buffer = 2
)

// vp8 has its references chosen by flags to each frame.
type vp8 struct{}

func (vp8) name() string                { return "vp8" }
func (vp8) iface() *C.vpx_codec_iface_t { return C.vpx_codec_vp8_cx() }

func (vp8) references(layers int) references {
	if layers == 3 {
		return references{layers: layers, longTerm: []buffer{altrefBuffer}}
	}
	return references{layers: layers, longTerm: []buffer{goldenBuffer, altrefBuffer}}
}

func (vp8) codedSize(w, h int) (int, int) { return w, h }

// resizable is true of one size only: a VP8 picture of another is a keyframe in
// any case, and libvpx's encoder never grows.
func (vp8) resizable(e *encoder, w, h int) bool { return w == e.largestW && h == e.largestH }

func (vp8) opened(e *encoder) error {
	return e.set(
		setting{"speed", C.VP8E_SET_CPUUSED, -8}, // fixed; a positive one follows the clock
		setting{"keyframe size", C.VP8E_SET_MAX_INTRA_BITRATE_PCT, maxIntraPercent},
		setting{"token partitions", C.VP8E_SET_TOKEN_PARTITIONS, bits.Len(uint(e.threads())) - 1}, // log2
		setting{"static threshold", C.VP8E_SET_STATIC_THRESHOLD, 1},
		setting{"automatic alt-ref", C.VP8E_SET_ENABLEAUTOALTREF, 0},
	)
}

func (vp8) resized(*encoder) error { return nil }

func (vp8) rate(e *encoder) error {
	e.fill(e)
	if !leaps(e.levelled, e.config.Bitrate) {
		return e.reconfigure()
	}
	// A smaller buffer spills what was saved beyond the optimal level.
	e.levelled = e.config.Bitrate
	e.c.cfg.rc_buf_sz = bufferOptimal
	if err := e.reconfigure(); err != nil {
		return err
	}
	e.c.cfg.rc_buf_sz = bufferSize
	return e.reconfigure()
}

// fill puts the bitrate into libvpx's configuration.
func (vp8) fill(e *encoder) {
	cfg, layers := &e.c.cfg, e.config.TemporalLayers
	// Each layer's share must differ from the next one's by a whole kbit/s.
	kbps := C.uint(max(e.config.Bitrate/media.Kbps, 5))
	cfg.rc_target_bitrate = kbps
	if layers == 1 {
		return
	}
	cfg.ts_number_layers = C.uint(layers)
	cfg.ts_periodicity = C.uint(len(patterns[layers]))
	for i, layer := range patterns[layers] {
		cfg.ts_layer_id[i] = C.uint(layer)
	}
	for i, share := range layerShares[layers] {
		cfg.ts_rate_decimator[i] = 1 << (layers - 1 - i)
		cfg.ts_target_bitrate[i] = kbps * C.uint(share) / 100
	}
}

func (vp8) limit(e *encoder) error { return e.reconfigure() }

func (vp8) order(e *encoder, p plan) (C.long, error) {
	if e.config.TemporalLayers > 1 {
		if err := e.set(setting{"temporal layer", C.VP8E_SET_TEMPORAL_LAYER_ID, p.layer}); err != nil {
			return 0, err
		}
	}
	if p.keyframe {
		return C.VPX_EFLAG_FORCE_KF, nil
	}
	var flags C.long
	for b, f := range [...]struct{ noReference, noUpdate C.long }{
		baseBuffer:   {C.VP8_EFLAG_NO_REF_LAST, C.VP8_EFLAG_NO_UPD_LAST},
		goldenBuffer: {C.VP8_EFLAG_NO_REF_GF, C.VP8_EFLAG_NO_UPD_GF},
		altrefBuffer: {C.VP8_EFLAG_NO_REF_ARF, C.VP8_EFLAG_NO_UPD_ARF},
	} {
		if buffer(b) != p.from {
			flags |= f.noReference
		}
		if p.to>>b&1 == 0 {
			flags |= f.noUpdate
		}
	}
	return flags, nil
}
