package media

import "math/rand/v2"

// valueNoise is a smooth random function of space: random at whole
// coordinates, eased between them.
type valueNoise struct {
	lattice [latticeSide * latticeSide * latticeSide]float32
}

// latticeSide is after how many units the function repeats: a power of two, small
// enough for the lattice to stay in the first-level cache.
const latticeSide = 16

func newValueNoise(seed uint64) *valueNoise {
	n := new(valueNoise)
	rng := rand.New(rand.NewPCG(seed, 0))
	for i := range n.lattice {
		n.lattice[i] = rng.Float32()
	}
	return n
}

// layers adds octaves of the function, each half as coarse and as strong as the
// last. It is 0 to 1 and mostly near 0.5.
func (n *valueNoise) layers(x, y, z float64, octaves int) float64 {
	sum, total, strength := 0.0, 0.0, 1.0
	for range octaves {
		sum += strength * n.at(x, y, z)
		total += strength
		// The shift keeps the octaves' lattices apart at the origin.
		x, y, z, strength = 2*x+0.37, 2*y+0.59, 2*z+0.83, strength/2
	}
	return sum / total
}

// at is the function at a point whose coordinates lie above -1024.
func (n *valueNoise) at(x, y, z float64) float64 {
	ix, fx := splitEased(x)
	iy, fy := splitEased(y)
	iz, fz := splitEased(z)
	edge := func(y, z uint32) float64 {
		row := n.lattice[(z%latticeSide*latticeSide+y%latticeSide)*latticeSide:][:latticeSide]
		return lerp(float64(row[ix%latticeSide]), float64(row[(ix+1)%latticeSide]), fx)
	}
	return lerp(lerp(edge(iy, iz), edge(iy+1, iz), fy), lerp(edge(iy, iz+1), edge(iy+1, iz+1), fy), fz)
}

// splitEased parts x into the whole number below it, plus 1024, and an eased remainder.
func splitEased(x float64) (whole uint32, rest float64) {
	x += 1024
	whole = uint32(x)
	rest = x - float64(whole)
	return whole, rest * rest * (3 - 2*rest)
}
