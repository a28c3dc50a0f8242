package vpx

/*
#include "shim.h"
*/
import "C"

import (
	"fmt"
	"runtime"

	"github.com/skulltech/prattle/media"
)

const (
	// clockRate is libvpx's unit of time here, in Hz: RTP's for video.
	clockRate = 90000
	// maxFPS is the fastest that pictures are taken, per second.
	maxFPS = 240
	// maxBitrate is far beyond any use; libvpx computes with 32 bits.
	maxBitrate = 100 * media.Mbps
	// maxIntraPercent bounds a keyframe, in percent of a mean frame: unbounded,
	// the first one at 1.5 Mbit/s came to 286 kB.
	maxIntraPercent = 450
	// dropPercent is how full the modelled buffer must be, in percent of its
	// optimal level, lest frames are dropped.
	dropPercent = 30
	// fewPixels is the size, 640x360, up to which a picture costs so little that
	// one thread and the slower, finer search are the better choice.
	fewPixels = 640 * 360
)

// libvpx's model of the receiver's buffer, in milliseconds of the bitrate. It is
// small since the frames of a call should cross the network each in its turn: a
// first keyframe aims at half the initial level, that is three mean frames.
const (
	bufferInitial = 200
	bufferOptimal = 200
	bufferSize    = 400
)

// configure brings libvpx to the size, rate and pace that are wanted now.
func (e *encoder) configure(w, h int, order media.EncodeOrder) error {
	resized := w != e.config.Width || h != e.config.Height
	bitrate := min(order.Bitrate, maxBitrate)
	before := e.config.Bitrate
	rated := bitrate > 0 && bitrate != before
	if rated {
		e.config.Bitrate = bitrate
	}
	if order.FPS > 0 {
		e.config.FPS = min(order.FPS, maxFPS)
	}
	switch {
	case e.c == nil, resized && e.refs.none(), !e.resizable(e, w, h):
		// The size of the first frame is what libvpx takes for the largest.
		e.config.Width, e.config.Height = w, h
		return e.open()
	case resized:
		return e.resize(w, h)
	case rated:
		return e.rerate(before)
	case e.bound():
		return e.limit(e)
	}
	return nil
}

// open makes a new libvpx encoder for pictures of up to the configured size. Its
// first frame is a keyframe.
func (e *encoder) open() error {
	e.release()
	e.c = (*C.encoder_t)(C.calloc(1, C.sizeof_encoder_t))
	if code := C.vpx_codec_enc_config_default(e.iface(), &e.c.cfg, 0); code != C.VPX_CODEC_OK {
		return fmt.Errorf("default configuration: %s", C.GoString(C.vpx_codec_err_to_string(code)))
	}
	e.size()
	e.largestW, e.largestH = e.width, e.height
	e.floor = floor{}
	e.refs.forget()
	e.settle()
	e.bound()
	if err := e.result(C.vpx_codec_enc_init_ver(&e.c.ctx, e.iface(), &e.c.cfg, 0, C.VPX_ENCODER_ABI_VERSION)); err != nil {
		return fmt.Errorf("open: %w", err)
	}
	for _, set := range []func(*encoder) error{e.opened, e.resized, e.rate} {
		if err := set(e); err != nil {
			return err
		}
	}
	return nil
}

// settle sets what stays for as long as the encoder is open.
func (e *encoder) settle() {
	cfg := &e.c.cfg
	cfg.g_threads = C.uint(e.threads())
	cfg.g_timebase.num, cfg.g_timebase.den = 1, clockRate
	// Without this, frames depend on the probabilities of lost ones.
	cfg.g_error_resilient = C.VPX_ERROR_RESILIENT_DEFAULT
	cfg.g_pass = C.VPX_RC_ONE_PASS
	cfg.g_lag_in_frames = 0
	cfg.kf_mode = C.VPX_KF_DISABLED
	cfg.rc_end_usage = C.VPX_CBR
	cfg.rc_resize_allowed = 0
	cfg.rc_dropframe_thresh = dropPercent
	cfg.rc_max_quantizer = maxQuantizer
	cfg.rc_undershoot_pct, cfg.rc_overshoot_pct = 100, 25
	cfg.rc_buf_initial_sz, cfg.rc_buf_optimal_sz, cfg.rc_buf_sz = bufferInitial, bufferOptimal, bufferSize
	e.levelled = e.config.Bitrate
	e.fill(e)
}

// resize goes on at another size without a keyframe, if the references permit.
func (e *encoder) resize(w, h int) error {
	q, err := e.lastQuantizer()
	if err != nil {
		return err
	}
	e.floor.grown(q, e.config.Width*e.config.Height, w*h)
	e.config.Width, e.config.Height = w, h
	e.size()
	e.bound()
	if err := e.rate(e); err != nil {
		return err
	}
	return e.resized(e)
}

// rerate goes on at another bitrate.
func (e *encoder) rerate(before media.Bitrate) error {
	switch now := e.config.Bitrate; {
	case now > before:
		e.floor.rose(before, now)
	case leaps(before, now):
		q, err := e.lastQuantizer()
		if err != nil {
			return err
		}
		e.floor.fell(q, before, now)
	}
	e.bound()
	return e.rate(e)
}

// size puts the configured size into libvpx's configuration.
func (e *encoder) size() {
	e.width, e.height = e.codedSize(e.config.Width, e.config.Height)
	e.c.cfg.g_w, e.c.cfg.g_h = C.uint(e.width), C.uint(e.height)
}

// bound puts the floor into libvpx's configuration and says whether it had moved.
func (e *encoder) bound() bool {
	q := C.uint(e.floor.quantizer())
	moved := q != e.c.cfg.rc_min_quantizer
	e.c.cfg.rc_min_quantizer = q
	return moved
}

// threads is how many libvpx may use. A second one shortens the wait for a large
// picture but not the work; it is left to others where there are few cores.
func (e *encoder) threads() int {
	switch {
	case e.config.Threads > 0:
		return min(e.config.Threads, 8)
	case e.config.Width*e.config.Height > fewPixels && runtime.NumCPU() >= 4:
		return 2
	}
	return 1
}

// A setting is a control with one number.
type setting struct {
	what      string
	id, value int
}

func (e *encoder) set(settings ...setting) error {
	for _, s := range settings {
		if err := e.result(C.control_int(&e.c.ctx, C.int(s.id), C.int(s.value))); err != nil {
			return fmt.Errorf("set %s to %d: %w", s.what, s.value, err)
		}
	}
	return nil
}

// reconfigure makes the whole configuration effective.
func (e *encoder) reconfigure() error {
	if err := e.result(C.vpx_codec_enc_config_set(&e.c.ctx, &e.c.cfg)); err != nil {
		return fmt.Errorf("configure %dx%d at %v: %w", e.config.Width, e.config.Height, e.config.Bitrate, err)
	}
	return nil
}

// layerShares are the parts of the bitrate, in percent, that the temporal layers
// up to each have together.
var layerShares = [...][]int{2: {60, 100}, 3: {40, 60, 100}}
