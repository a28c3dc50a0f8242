//go:build cgo

package portaudio

import (
	"math/rand"
	"runtime"
	"slices"
	"sync"
	"testing"
)

func TestRingKeepsOrderAndBounds(t *testing.T) {
	const seed = 1
	rng := rand.New(rand.NewSource(seed))
	r := newRing[int](10) // rounds up to 16
	var model []int
	next := 0
	for step := range 10_000 {
		if rng.Intn(2) == 0 {
			items := make([]int, rng.Intn(8))
			for i := range items {
				items[i] = next
				next++
			}
			fits := len(model)+len(items) <= 16
			if r.put(items...) != fits {
				t.Fatalf("seed %d step %d: put %d beside %d: want fits %v", seed, step, len(items), len(model), fits)
			}
			if fits {
				model = append(model, items...)
			}
		} else {
			got := make([]int, rng.Intn(20))
			got = got[:r.take(got)]
			want := model[:min(cap(got), len(model))]
			if !slices.Equal(got, want) {
				t.Fatalf("seed %d step %d: took %v, want %v", seed, step, got, want)
			}
			model = model[len(got):]
		}
		if r.len() != len(model) {
			t.Fatalf("seed %d step %d: %d items wait, want %d", seed, step, r.len(), len(model))
		}
	}
}

func TestRingDrop(t *testing.T) {
	r := newRing[int](4)
	r.put(1, 2, 3)
	r.drop(2)
	got := make([]int, 4)
	if n := r.take(got); n != 1 || got[0] != 3 {
		t.Errorf("after the drop: %v, want [3]", got[:n])
	}
}

// TestRingBetweenGoroutines is of most use with the race detector.
func TestRingBetweenGoroutines(t *testing.T) {
	const total = 100_000
	r := newRing[int32](64)
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := int32(0); i < total; {
			if r.put(i, i+1) {
				i += 2
			} else {
				runtime.Gosched()
			}
		}
	})
	buf := make([]int32, 7)
	for want := int32(0); want < total; {
		n := r.take(buf)
		for _, got := range buf[:n] {
			if got != want {
				t.Fatalf("got %d, want %d", got, want)
			}
			want++
		}
		if n == 0 {
			runtime.Gosched()
		}
	}
	wg.Wait()
}
