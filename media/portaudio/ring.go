//go:build cgo

package portaudio

import "sync/atomic"

// ring is a queue of fixed size between one writer and one reader, either of
// which may be a device's callback: no operation locks, waits or allocates.
type ring[T any] struct {
	buf     []T           // its length is a power of two
	read    atomic.Uint64 // items taken since the beginning; moved by the reader alone
	written atomic.Uint64 // items given since the beginning; moved by the writer alone
}

// newRing makes a ring with room for at least n items.
func newRing[T any](n int) *ring[T] {
	size := 1
	for size < n {
		size *= 2
	}
	return &ring[T]{buf: make([]T, size)}
}

// len returns how many items wait. Either side may ask.
func (r *ring[T]) len() int { return int(r.written.Load() - r.read.Load()) }

// put appends items, all of them or, if they do not fit, none. For the writer.
func (r *ring[T]) put(items ...T) bool {
	w := r.written.Load()
	if len(r.buf)-int(w-r.read.Load()) < len(items) {
		return false
	}
	at := int(w) & (len(r.buf) - 1)
	n := copy(r.buf[at:], items)
	copy(r.buf, items[n:])
	r.written.Store(w + uint64(len(items)))
	return true
}

// take fills dst from the front and returns how many items it got. For the reader.
func (r *ring[T]) take(dst []T) int {
	rd := r.read.Load()
	dst = dst[:min(len(dst), int(r.written.Load()-rd))]
	at := int(rd) & (len(r.buf) - 1)
	n := copy(dst, r.buf[at:])
	copy(dst[n:], r.buf)
	r.read.Store(rd + uint64(len(dst)))
	return len(dst)
}

// drop discards the first n items, which must be there. For the reader.
func (r *ring[T]) drop(n int) { r.read.Add(uint64(n)) }
