package peer

import (
	"testing"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/quicproto"
)

func TestShrink(t *testing.T) {
	for _, tc := range []struct{ w, h, most, wantW, wantH int }{
		{1280, 720, defaultPixels, 1280, 720},
		{1920, 1080, defaultPixels, 1920, 1080},
		{3840, 2160, defaultPixels, 1920, 1080},
		{2160, 3840, defaultPixels, 1080, 1920},
		{1281, 721, 1281 * 721, 1281, 721},
		{8000, 100, media.MaxPixels, 4096, 50},
		{1280, 720, minPixels, 64, 36},
		{100000, 2, minPixels, 4096, 2},
	} {
		w, h := shrink(tc.w, tc.h, tc.most)
		if w != tc.wantW || h != tc.wantH {
			t.Errorf("%dx%d in %d pixels is %dx%d, want %dx%d", tc.w, tc.h, tc.most, w, h, tc.wantW, tc.wantH)
		}
	}
}

func TestPixelsOfAPeer(t *testing.T) {
	for said, want := range map[uint64]int{
		0: defaultPixels, 1: minPixels, 640 * 360: 640 * 360, 1 << 63: media.MaxPixels,
	} {
		if got := pixels(&quicproto.Hello{Pixels: said}); got != want {
			t.Errorf("a peer that says %d decodes %d, want %d", said, got, want)
		}
	}
	a, b := viewer{width: 1280, height: 720}, viewer{width: 640, height: 360}
	if w, h := decodable([]*viewer{&a, &b}); w != 640 || h != 360 {
		t.Errorf("two, of whom one decodes 640x360, get %dx%d", w, h)
	}
}
