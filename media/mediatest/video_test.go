package mediatest

import (
	"math"
	"testing"

	"github.com/skulltech/prattle/media"
)

func TestSceneIsDeterministicAndMoves(t *testing.T) {
	for _, size := range [][2]int{{320, 180}, {161, 91}, {2, 2}, {1, 1}} {
		a, b := media.NewFrame(size[0], size[1]), media.NewFrame(size[0], size[1])
		Scene(7, a)
		Scene(7, b)
		if !math.IsInf(PSNR(a, b), 1) {
			t.Errorf("%v: picture 7 differs from itself", size)
		}
		if a.N != 7 {
			t.Errorf("%v: N is %d, want 7", size, a.N)
		}
		Scene(8, b)
		if p := PSNR(a, b); size[0] > 100 && (p < 18 || p > 40) {
			t.Errorf("%v: pictures 7 and 8 are %.1f dB alike: the scene hardly moves, or leaps", size, p)
		}
	}
}

func TestSceneLooksAlikeAtAllSizes(t *testing.T) {
	large, scaled, small := media.NewFrame(640, 360), media.NewFrame(320, 180), media.NewFrame(320, 180)
	Scene(3, large)
	Scene(3, small)
	media.Scale(scaled, large)
	if p := PSNR(scaled, small); p < 28 {
		t.Errorf("scaled down, the scene is %.1f dB like the small one", p)
	}
}

func TestPSNR(t *testing.T) {
	a, b := media.NewFrame(16, 16), media.NewFrame(16, 16)
	a.Fill(100, 100, 100)
	b.Fill(110, 110, 110)
	if p, want := PSNR(a, b), 20*math.Log10(255.0/10); math.Abs(p-want) > 1e-9 {
		t.Errorf("PSNR is %v, want %v", p, want)
	}
	if p := PSNR(a, media.NewFrame(16, 18)); p != 0 {
		t.Errorf("PSNR of pictures of two sizes is %v, want 0", p)
	}
}

func BenchmarkScene(b *testing.B) {
	f := media.NewFrame(640, 360)
	for i := 0; b.Loop(); i++ {
		Scene(i, f)
	}
}
