package peer

import (
	"context"
	"testing"
	"time"
)

func TestPuzzle(t *testing.T) {
	seed, other := make([]byte, puzzleSeed), append(make([]byte, puzzleSeed-1), 1)
	nonce, ok := solve(t.Context(), seed, 12)
	if !ok || !solved(seed, 12, nonce) {
		t.Fatalf("%d does not solve it", nonce)
	}
	if solved(other, 12, nonce) && solved(other, 12, nonce+1) {
		t.Error("it solves others too")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, ok := solve(ctx, seed, 64); ok {
		t.Error("it was solved in no time")
	}
}

// What a stranger pays is far more than what it costs us to look at it.
func TestAPuzzleCostsTheStrangerMore(t *testing.T) {
	seed := make([]byte, puzzleSeed)
	tries := uint64(0)
	const puzzles, difficulty = 20, 10
	for i := range puzzles {
		seed[0] = byte(i)
		nonce, _ := solve(t.Context(), seed, difficulty)
		tries += nonce + 1
	}
	if tries < puzzles<<difficulty/4 || tries > puzzles<<difficulty*4 {
		t.Errorf("%d puzzles of %d bits took %d hashes", puzzles, difficulty, tries)
	}
}

func BenchmarkPuzzle(b *testing.B) {
	seed := make([]byte, puzzleSeed)
	b.Run("solve", func(b *testing.B) {
		start := time.Now()
		for i := 0; b.Loop(); i++ {
			seed[0], seed[1] = byte(i), byte(i>>8)
			solve(b.Context(), seed, puzzleBits)
		}
		b.ReportMetric(time.Since(start).Seconds()/float64(b.N)*1000, "ms/puzzle")
	})
	b.Run("check", func(b *testing.B) {
		for b.Loop() {
			solved(seed, puzzleBits, 1)
		}
	})
}
