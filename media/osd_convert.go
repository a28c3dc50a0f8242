package media

// bgrFromI420 writes src (BT.601, 16 to 235) into dst, whose rows are stride
// bytes apart. It is the plain way; package yuv's is ten times as fast.
func bgrFromI420(dst []byte, stride int, src *Frame) error {
	for y := range src.Height {
		row := dst[y*stride:][:3*src.Width]
		luma := src.Y[y*src.YStride:][:src.Width]
		u := src.U[y/2*src.UVStride:]
		v := src.V[y/2*src.UVStride:]
		for x, l := range luma {
			b, g, r := bgrFromYUV(l, u[x/2], v[x/2])
			row[3*x], row[3*x+1], row[3*x+2] = b, g, r
		}
	}
	return nil
}

// bgrFromYUV converts one pixel, in 16.16 fixed point.
func bgrFromYUV(y, u, v byte) (b, g, r byte) {
	const (
		luma = 76309  // 255/219
		ub   = 132201 // 2.017
		ug   = 25675  // 0.392
		vg   = 53279  // 0.813
		vr   = 104597 // 1.596
		half = 1 << 15
	)
	l := (int32(y)-16)*luma + half
	cu, cv := int32(u)-128, int32(v)-128
	return rgbSample((l + ub*cu) >> 16), rgbSample((l - ug*cu - vg*cv) >> 16), rgbSample((l + vr*cv) >> 16)
}

func rgbSample(v int32) byte { return byte(min(max(v, 0), 255)) }
