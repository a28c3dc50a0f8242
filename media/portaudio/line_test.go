//go:build cgo && unix

package portaudio

import (
	"math/rand"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestLineKeepsOrderAndBounds(t *testing.T) {
	const seed = 1
	rng := rand.New(rand.NewSource(seed))
	l := newLine(false)
	var model []int16
	next := int16(0)
	for step := range 10_000 {
		if rng.Intn(2) == 0 {
			block := make([]int16, rng.Intn(2000))
			for i := range block {
				block[i] = next
				next++ // and over
			}
			fits := len(model)+len(block) <= ringSize
			if l.put(block) != fits {
				t.Fatalf("seed %d step %d: put %d beside %d: want fits %v", seed, step, len(block), len(model), fits)
			}
			if fits {
				model = append(model, block...)
			}
		} else {
			got := make([]int16, rng.Intn(2500))
			got = got[:l.take(got)]
			want := model[:min(cap(got), len(model))]
			if !slices.Equal(got, want) {
				t.Fatalf("seed %d step %d: took %v, want %v", seed, step, got, want)
			}
			model = model[len(got):]
		}
		if l.len() != len(model) {
			t.Fatalf("seed %d step %d: %d samples wait, want %d", seed, step, l.len(), len(model))
		}
	}
}

func TestLineDrop(t *testing.T) {
	l := newLine(false)
	l.put([]int16{1, 2, 3})
	l.drop(2)
	got := make([]int16, 4)
	if n := l.take(got); n != 1 || got[0] != 3 {
		t.Errorf("after the drop: %v, want [3]", got[:n])
	}
}

func TestLineBetweenThreads(t *testing.T) {
	const total = 1_000_000
	l := newLine(false)
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; i < total; {
			if l.put([]int16{int16(i), int16(i + 1)}) {
				i += 2
			} else {
				runtime.Gosched()
			}
		}
	})
	buf := make([]int16, 7)
	for want := 0; want < total; {
		n := l.take(buf)
		for _, got := range buf[:n] {
			if got != int16(want) {
				t.Fatalf("got %d, want %d", got, int16(want))
			}
			want++
		}
		if n == 0 {
			runtime.Gosched()
		}
	}
	wg.Wait()
}

// TestNotes: what nobody has read in time is forgotten, the newest first.
func TestNotes(t *testing.T) {
	l := newLine(false)
	block := make([]int16, 10)
	for i := range memory + 5 {
		l.heard(block, time.Duration(i))
	}
	for i := range memory {
		o, ok := l.note()
		if want := (observation{sample: int64(10 * i), at: time.Duration(i)}); !ok || o != want {
			t.Fatalf("note %d: %v %v, want %v", i, o, ok, want)
		}
	}
	if o, ok := l.note(); ok {
		t.Errorf("one more: %v", o)
	}
}

func TestWishOfAReader(t *testing.T) {
	l := newLine(false)
	block := make([]int16, 100)
	if l.due() {
		t.Error("the bell is rung without a wish")
	}
	if l.wish(150) {
		t.Error("150 samples are said to wait where there are none")
	}
	for i, want := range []bool{false, true, false} {
		l.heard(block, 0)
		if l.due() != want {
			t.Errorf("after %d samples: due is %v, want %v", 100*(i+1), !want, want)
		}
	}
	if !l.wish(300) {
		t.Error("300 samples are there and said not to be")
	}
	if l.due() {
		t.Error("the bell is rung for a wish that was fulfilled at once")
	}
}

func TestWishOfAWriter(t *testing.T) {
	l := newLine(true)
	block := make([]int16, 100)
	if l.wish(100) {
		t.Error("the device is said to want sound before it has asked")
	}
	call := func() {
		l.given(block, len(block), l.give(block, len(block), 0), 0)
	}
	call()
	if !l.due() {
		t.Error("the bell is not rung when the device asks for the first time")
	}
	l.put(block)
	l.put(block)
	if l.wish(100) {
		t.Error("200 samples wait, and fewer than 100 are said to")
	}
	for i, want := range []bool{false, true} {
		if call(); l.due() != want {
			t.Errorf("with %d samples left: due is %v, want %v", 100*(1-i), !want, want)
		}
	}
}
