package media

import "iter"

// RoomNoise decides whose noise is heard in a room where several people are silent:
// only that of the loudest, or what none of them finds loud would be a hiss of all
// together. While that person speaks, their own noise comes along. It is sans-IO and
// has one owner; the zero value is ready.
type RoomNoise struct{ heard *Playout }

// noiseEdge is how much louder than the noise that is heard another must be to be
// heard instead (3 dB, in energy): so they do not change to and fro.
const noiseEdge = 2

// Choose hushes all playouts but one. It is given each with the gain of its voice,
// and asked before each block.
func (r *RoomNoise) Choose(voices iter.Seq2[*Playout, float64]) {
	var loudest *Playout
	var most, before float64
	for p, gain := range voices {
		noise := p.Noise() * gain * gain
		if p == r.heard {
			before = noise
		}
		if noise > most {
			loudest, most = p, noise
		}
	}
	if before == 0 || most > noiseEdge*before {
		r.heard = loudest
	}
	for p := range voices {
		p.Hush(r.heard != nil && p != r.heard)
	}
}
