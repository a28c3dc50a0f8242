#include "shim.h"

void encode_picture(void *of) {
	encode_t *e = of;
	vpx_image_t img;
	memset(&img, 0, sizeof img);
	img.fmt = VPX_IMG_FMT_I420;
	img.bit_depth = 8;
	img.bps = 12;
	img.w = img.d_w = e->width;
	img.h = img.d_h = e->height;
	img.x_chroma_shift = img.y_chroma_shift = 1;
	for (int i = 0; i < 3; i++) {
		img.planes[i] = (uint8_t *)e->planes[i];
		img.stride[i] = e->strides[i];
	}
	e->err = vpx_codec_encode(e->ctx, &img, e->pts, e->duration, e->flags, VPX_DL_REALTIME);
	if (e->err != VPX_CODEC_OK) return;
	vpx_codec_iter_t iter = NULL;
	const vpx_codec_cx_pkt_t *pkt;
	while ((pkt = vpx_codec_get_cx_data(e->ctx, &iter)) != NULL) {
		if (pkt->kind != VPX_CODEC_CX_FRAME_PKT || pkt->data.frame.sz == 0) continue;
		e->data = pkt->data.frame.buf;
		e->size = pkt->data.frame.sz;
		e->keyframe = (pkt->data.frame.flags & VPX_FRAME_IS_KEY) != 0;
	}
}

void decode_frame(void *of) {
	decode_t *d = of;
	d->err = vpx_codec_decode(d->ctx, d->data, d->size, NULL, 0);
	if (d->err != VPX_CODEC_OK) return;
	vpx_codec_iter_t iter = NULL;
	const vpx_image_t *img;
	while ((img = vpx_codec_get_frame(d->ctx, &iter)) != NULL) {
		for (int i = 0; i < 3; i++) {
			d->planes[i] = img->planes[i];
			d->strides[i] = img->stride[i];
		}
		d->width = img->d_w;
		d->height = img->d_h;
		d->i420 = img->fmt == VPX_IMG_FMT_I420;
	}
}
