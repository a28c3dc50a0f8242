package peer

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
)

// A stranger who wants to ring has to work for it: to find a number whose hash,
// together with bytes that belong to this connection alone, begins with many zero
// bits. Finding it takes half a million hashes on average; checking it takes one.
const (
	puzzleLabel = "EXPORTER-prattle-puzzle" // for ExportKeyingMaterial
	puzzleSeed  = 32                        // bytes
	// puzzleBits is what we ask for: about 0.1 s of one core.
	puzzleBits = 19
	// maxPuzzleBits is what we do at most when we are asked.
	maxPuzzleBits = 22
	// puzzleShift is how many numbers are tried between looks at the context.
	puzzleShift = 12
)

// solved says whether nonce solves the puzzle.
func solved(seed []byte, difficulty int, nonce uint64) bool {
	var b [puzzleSeed + 8]byte
	binary.BigEndian.PutUint64(b[copy(b[:], seed):], nonce)
	h := sha256.Sum256(b[:])
	return bits.LeadingZeros64(binary.BigEndian.Uint64(h[:])) >= difficulty
}

// solve finds a number that solves the puzzle, unless ctx ends before.
func solve(ctx context.Context, seed []byte, difficulty int) (nonce uint64, ok bool) {
	for ; ; nonce++ {
		if nonce%(1<<puzzleShift) == 0 && ctx.Err() != nil {
			return 0, false
		}
		if solved(seed, difficulty, nonce) {
			return nonce, true
		}
	}
}
