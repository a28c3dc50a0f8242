package media

// weightBits is the precision of a filter weight. Two passes of 8 bits over
// 8-bit samples fit into 32 bits.
const weightBits = 8

// A span says which samples of a line one output sample is made of.
type span struct {
	first   int
	weights []uint32 // of first, first+1, ...; their sum is 1<<weightBits
}

// scaleFrame is the pure-Go scaler: the mean of the covered area on the way
// down, linear interpolation on the way up.
func scaleFrame(dst, src *Frame) {
	cols, rows := spans(dst.Width, src.Width), spans(dst.Height, src.Height)
	sums := make([]uint32, src.Width)
	scalePlane(dst.Y, dst.YStride, src.Y, src.YStride, cols, rows, sums)
	dw, dh := ChromaSize(dst.Width, dst.Height)
	sw, sh := ChromaSize(src.Width, src.Height)
	cols, rows, sums = spans(dw, sw), spans(dh, sh), sums[:sw]
	scalePlane(dst.U, dst.UVStride, src.U, src.UVStride, cols, rows, sums)
	scalePlane(dst.V, dst.UVStride, src.V, src.UVStride, cols, rows, sums)
}

// scalePlane filters down the columns into sums, a line of the source's width,
// and from there along the line.
func scalePlane(dst []byte, dstStride int, src []byte, srcStride int, cols, rows []span, sums []uint32) {
	const half = 1 << (2*weightBits - 1)
	for y, row := range rows {
		clear(sums)
		for i, weight := range row.weights {
			line := src[(row.first+i)*srcStride:][:len(sums)]
			for x, v := range line {
				sums[x] += weight * uint32(v)
			}
		}
		out := dst[y*dstStride:][:len(cols)]
		for x, col := range cols {
			sum := uint32(half)
			for i, v := range sums[col.first:][:len(col.weights)] {
				sum += col.weights[i] * v
			}
			out[x] = byte(sum >> (2 * weightBits))
		}
	}
}

// spans maps a line of in samples to one of out samples.
func spans(out, in int) []span {
	if out < in {
		return areaSpans(out, in)
	}
	return linearSpans(out, in)
}

// areaSpans weighs each sample by how much of it the output sample covers.
// Positions are in units of 1/out of a sample, so that all edges are whole.
func areaSpans(out, in int) []span {
	s := make([]span, out)
	weights := make([]uint32, 0, in+out)
	for i := range s {
		from, to := i*in, (i+1)*in
		first, start, given := from/out, len(weights), uint32(0)
		for n := first; n*out < to; n++ {
			// What is covered up to here, less what was given: the sum is exact.
			covered := min(to, (n+1)*out) - from
			share := uint32(((covered<<weightBits)+in/2)/in) - given
			weights, given = append(weights, share), given+share
		}
		s[i] = span{first, weights[start:len(weights):len(weights)]}
	}
	return s
}

// linearSpans weighs the two samples whose centres lie about the output sample's.
func linearSpans(out, in int) []span {
	s := make([]span, out)
	weights := make([]uint32, 0, 2*out)
	for i := range s {
		// The centre, in units of 1/(2 out) of a sample from the first one's.
		centre := min(max((2*i+1)*in-out, 0), (in-1)*2*out)
		first, start := centre/(2*out), len(weights)
		right := uint32((centre%(2*out)<<weightBits + out) / (2 * out))
		weights = append(weights, 1<<weightBits-right)
		if right > 0 {
			weights = append(weights, right)
		}
		s[i] = span{first, weights[start:len(weights):len(weights)]}
	}
	return s
}
