package media

import "math/rand/v2"

// A skyStop is a colour of the evening sky at a height (0 is the top, 1 the bottom).
type skyStop struct{ at, r, g, b float64 }

var sky = []skyStop{
	{0.00, 0.03, 0.04, 0.13},
	{0.35, 0.13, 0.12, 0.36},
	{0.62, 0.46, 0.22, 0.48},
	{0.80, 0.90, 0.46, 0.38},
	{0.90, 0.99, 0.76, 0.46},
	{1.00, 0.99, 0.85, 0.55},
}

// paintBackdrop paints an evening sky with stars over two ranges of hills.
func paintBackdrop(w, h int, hue float64) *Frame {
	f := NewFrame(w, h)
	rng := rand.New(rand.NewPCG(1, 7))
	paintSky(f, hueTurned(hue), rng)
	paintStars(f, rng)
	paintHills(f, newValueNoise(11), 0.84, 0.10, [3]float64{0.25, 0.16, 0.33}, hueTurned(hue))
	paintHills(f, newValueNoise(12), 0.93, 0.07, [3]float64{0.09, 0.07, 0.16}, hueTurned(hue))
	return f
}

// paintSky dithers: a smooth slope in 8 bits would show bands.
func paintSky(f *Frame, hue hueing, rng *rand.Rand) {
	grain := func() float64 { return rng.Float64() - 0.5 }
	for y := range f.Height {
		luma, _, _ := hue.yuv(skyAt(float64(y) / float64(f.Height)))
		for x := range f.Width {
			f.Y[y*f.YStride+x] = toByte(luma + grain())
		}
	}
	cw, ch := ChromaSize(f.Width, f.Height)
	for y := range ch {
		_, u, v := hue.yuv(skyAt(float64(2*y+1) / float64(f.Height)))
		for x := range cw {
			f.U[y*f.UVStride+x] = toByte(u + grain())
			f.V[y*f.UVStride+x] = toByte(v + grain())
		}
	}
}

func skyAt(height float64) (r, g, b float64) {
	i := 1
	for i < len(sky)-1 && sky[i].at < height {
		i++
	}
	lo, hi := sky[i-1], sky[i]
	t := smoothstep(height, lo.at, hi.at)
	return lerp(lo.r, hi.r, t), lerp(lo.g, hi.g, t), lerp(lo.b, hi.b, t)
}

// paintStars scatters points over the upper half, fewer and fainter further down.
func paintStars(f *Frame, rng *rand.Rand) {
	size := max(1, f.Height/360)
	for range f.Height / 5 {
		x, y := rng.IntN(f.Width), int(rng.Float64()*rng.Float64()*float64(f.Height)*0.6)
		light := 60 + rng.IntN(150)
		for dy := range min(size, f.Height-y) {
			for dx := range min(size, f.Width-x) {
				p := &f.Y[(y+dy)*f.YStride+x+dx]
				*p = byte(min(int(*p)+light, 235))
			}
		}
	}
}

// paintHills paints a range whose crest lies about level, give or take rise, both as
// parts of the picture's height.
func paintHills(f *Frame, shape *valueNoise, level, rise float64, colour [3]float64, hue hueing) {
	luma, u, v := hue.yuv(colour[0], colour[1], colour[2])
	for x := range f.Width {
		along := 6 * float64(x) / float64(f.Width)
		crest := (level + rise*(shape.layers(along, 0, 0, 5)-0.5)) * float64(f.Height)
		for y := max(int(crest), 0); y < f.Height; y++ {
			p := &f.Y[y*f.YStride+x]
			cover := min(float64(y)+1-crest, 1)
			*p = toByte(lerp(float64(*p), luma, cover))
			if x%2 == 0 && y%2 == 0 {
				f.U[y/2*f.UVStride+x/2], f.V[y/2*f.UVStride+x/2] = toByte(u), toByte(v)
			}
		}
	}
}
