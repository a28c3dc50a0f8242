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

typedef struct {
	const uint8_t *data; // libvpx's, until its next call
	size_t size;         // 0: the picture was dropped
	int keyframe;
} packet_t;

typedef struct {
	const uint8_t *planes[3]; // libvpx's, until its next call; null: no picture
	int strides[3];
	int width, height;
	int i420; // 8 bits, 4:2:0
} picture_t;

static inline vpx_codec_err_t control_int(vpx_codec_ctx_t *ctx, int id, int value) {
	return vpx_codec_control_(ctx, id, value);
}

static inline vpx_codec_err_t control_ptr(vpx_codec_ctx_t *ctx, int id, void *value) {
	return vpx_codec_control_(ctx, id, value);
}

// encode compresses one picture; p is what came of it.
static inline vpx_codec_err_t encode(vpx_codec_ctx_t *ctx, const uint8_t *y, const uint8_t *u, const uint8_t *v,
                                     int y_stride, int uv_stride, int width, int height,
                                     int64_t pts, unsigned long duration, long flags, packet_t *p) {
	vpx_image_t img;
	memset(&img, 0, sizeof img);
	img.fmt = VPX_IMG_FMT_I420;
	img.bit_depth = 8;
	img.bps = 12;
	img.w = img.d_w = width;
	img.h = img.d_h = height;
	img.x_chroma_shift = img.y_chroma_shift = 1;
	img.planes[VPX_PLANE_Y] = (uint8_t *)y;
	img.planes[VPX_PLANE_U] = (uint8_t *)u;
	img.planes[VPX_PLANE_V] = (uint8_t *)v;
	img.stride[VPX_PLANE_Y] = y_stride;
	img.stride[VPX_PLANE_U] = img.stride[VPX_PLANE_V] = uv_stride;

	memset(p, 0, sizeof *p);
	vpx_codec_err_t err = vpx_codec_encode(ctx, &img, pts, duration, flags, VPX_DL_REALTIME);
	if (err != VPX_CODEC_OK) return err;
	vpx_codec_iter_t iter = NULL;
	const vpx_codec_cx_pkt_t *pkt;
	while ((pkt = vpx_codec_get_cx_data(ctx, &iter)) != NULL) {
		if (pkt->kind != VPX_CODEC_CX_FRAME_PKT || pkt->data.frame.sz == 0) continue;
		p->data = pkt->data.frame.buf;
		p->size = pkt->data.frame.sz;
		p->keyframe = (pkt->data.frame.flags & VPX_FRAME_IS_KEY) != 0;
	}
	return VPX_CODEC_OK;
}

// decode decompresses one frame; p is the picture that came of it.
static inline vpx_codec_err_t decode(vpx_codec_ctx_t *ctx, const uint8_t *data, unsigned size, picture_t *p) {
	memset(p, 0, sizeof *p);
	vpx_codec_err_t err = vpx_codec_decode(ctx, data, size, NULL, 0);
	if (err != VPX_CODEC_OK) return err;
	vpx_codec_iter_t iter = NULL;
	const vpx_image_t *img;
	while ((img = vpx_codec_get_frame(ctx, &iter)) != NULL) {
		for (int i = 0; i < 3; i++) {
			p->planes[i] = img->planes[i];
			p->strides[i] = img->stride[i];
		}
		p->width = img->d_w;
		p->height = img->d_h;
		p->i420 = img->fmt == VPX_IMG_FMT_I420;
	}
	return VPX_CODEC_OK;
}

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
