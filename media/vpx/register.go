package vpx

/*
#include "shim.h"
*/
import "C"

import "github.com/skulltech/prattle/media"

func init() {
	media.RegisterVideoCodec(media.VideoCodec{
		Name:       "vp9",
		Preference: 90, // 1 dB better than VP8 at the same rate
		NewEncoder: func(cfg media.VideoEncoderConfig) (media.VideoEncoder, error) { return newEncoder(vp9{}, cfg) },
		NewDecoder: func(cfg media.VideoDecoderConfig) (media.VideoDecoder, error) {
			return newDecoder(cfg, decoding{name: "vp9", iface: C.vpx_codec_vp9_dx(), admit: admitVP9, shown: shownVP9})
		},
	})
	media.RegisterVideoCodec(media.VideoCodec{
		Name:       "vp8",
		Preference: 80,
		NewEncoder: func(cfg media.VideoEncoderConfig) (media.VideoEncoder, error) { return newEncoder(vp8{}, cfg) },
		NewDecoder: func(cfg media.VideoDecoderConfig) (media.VideoDecoder, error) {
			return newDecoder(cfg, decoding{name: "vp8", iface: C.vpx_codec_vp8_dx(), admit: admitVP8})
		},
	})
}
