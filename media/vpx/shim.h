// What cgo cannot say: calls with variable arguments, and the loops around them.
#ifndef PRATTLE_VPX_SHIM_H
#define PRATTLE_VPX_SHIM_H

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <vpx/vp8cx.h>
#include <vpx/vp8dx.h>
#include <vpx/vpx_decoder.h>
#include <vpx/vpx_encoder.h>

typedef struct {
	vpx_codec_ctx_t ctx;
	vpx_codec_enc_cfg_t cfg;
} encoder_t;

// A picture to be encoded, and what came of it.
typedef struct {
	vpx_codec_ctx_t *ctx;
	const uint8_t *planes[3]; // Y, U, V
	int strides[3];
	int width, height;
	int64_t pts;
	unsigned long duration;
	long flags;

	vpx_codec_err_t err;
	const uint8_t *data; // libvpx's, until its next call
	size_t size;         // 0: the picture was dropped
	int keyframe;
} encode_t;

// A frame to be decoded, and what came of it.
typedef struct {
	vpx_codec_ctx_t *ctx;
	const uint8_t *data;
	unsigned size;

	vpx_codec_err_t err;
	const uint8_t *planes[3]; // libvpx's, until its next call; null: no picture
	int strides[3];
	int width, height;
	int i420; // 8 bits, 4:2:0
} decode_t;

static inline vpx_codec_err_t control_int(vpx_codec_ctx_t *ctx, int id, int value) {
	return vpx_codec_control_(ctx, id, value);
}

static inline vpx_codec_err_t control_ptr(vpx_codec_ctx_t *ctx, int id, void *value) {
	return vpx_codec_control_(ctx, id, value);
}

// encode_picture compresses one picture, an encode_t; decode_frame decompresses one
// frame, a decode_t.
void encode_picture(void *of);
void decode_frame(void *of);

// vp9_shown gives the size at which the last VP9 picture is meant to be shown.
static inline vpx_codec_err_t vp9_shown(vpx_codec_ctx_t *ctx, int size[2]) {
	return vpx_codec_control_(ctx, VP9D_GET_DISPLAY_SIZE, size);
}

// vp9_references makes the next VP9 frame one of a temporal layer, predicted
// from the single buffer from, and kept by the buffers of the mask to.
static inline vpx_codec_err_t vp9_references(vpx_codec_ctx_t *ctx, int layer, int from, int to, int keyframe) {
	vpx_svc_layer_id_t id;
	memset(&id, 0, sizeof id);
	id.temporal_layer_id = id.temporal_layer_id_per_spatial[0] = layer;
	vpx_codec_err_t err = vpx_codec_control_(ctx, VP9E_SET_SVC_LAYER_ID, &id);
	if (err != VPX_CODEC_OK) return err;

	vpx_svc_ref_frame_config_t refs;
	memset(&refs, 0, sizeof refs);
	// All three names stand for one buffer, so that the frame header names no other.
	refs.lst_fb_idx[0] = refs.gld_fb_idx[0] = refs.alt_fb_idx[0] = from;
	refs.reference_last[0] = !keyframe;
	refs.update_buffer_slot[0] = to;
	return vpx_codec_control_(ctx, VP9E_SET_SVC_REF_FRAME_CONFIG, &refs);
}

// vp9_quantizers sets the range of quantizers of all temporal layers.
static inline vpx_codec_err_t vp9_quantizers(vpx_codec_ctx_t *ctx, int min_q, int max_q) {
	vpx_svc_extra_cfg_t extra;
	memset(&extra, 0, sizeof extra);
	for (int i = 0; i < VPX_MAX_LAYERS; i++) {
		extra.min_quantizers[i] = min_q;
		extra.max_quantizers[i] = max_q;
		extra.scaling_factor_num[i] = extra.scaling_factor_den[i] = 1;
	}
	return vpx_codec_control_(ctx, VP9E_SET_SVC_PARAMETERS, &extra);
}

// vp9_drops sets the level of the buffer, in percent of the optimal one, below
// which frames are dropped.
static inline vpx_codec_err_t vp9_drops(vpx_codec_ctx_t *ctx, int percent) {
	vpx_svc_frame_drop_t drop;
	memset(&drop, 0, sizeof drop);
	drop.framedrop_thresh[0] = percent;
	drop.framedrop_mode = LAYER_DROP;
	drop.max_consec_drop = INT_MAX;
	return vpx_codec_control_(ctx, VP9E_SET_SVC_FRAME_DROP_LAYER, &drop);
}

#endif
