package peer

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"time"

	"github.com/skulltech/prattle/quicproto"
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

// handlePuzzle begins to solve the other side's puzzle, if it has set one.
func (l *Link) handlePuzzle() {
	if l.call.puzzle == 0 || l.solving {
		return
	}
	l.solving = true
	seed, err := l.conn.Export(puzzleLabel, puzzleSeed)
	if err != nil {
		l.call.end(err)
		return
	}
	l.room.routines.Add(1)
	go l.routineSolve(seed, l.call.puzzle)
}

func (l *Link) routineSolve(seed []byte, difficulty int) {
	defer l.room.routines.Done()
	if nonce, ok := solve(l.ctx, seed, difficulty); ok {
		l.do(func(time.Time) { l.call.prove(nonce) })
	}
}

// handleProof looks at the solution of our puzzle.
func (l *Link) handleProof(now time.Time, m *quicproto.Proof) {
	seed, err := l.conn.Export(puzzleLabel, puzzleSeed)
	if err != nil {
		l.call.end(err)
		return
	}
	l.call.handleProof(now, solved(seed, l.call.price, m.Nonce))
}
