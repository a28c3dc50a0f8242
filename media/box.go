package media

import "sync"

// Box holds at most one value, the newest: the queue towards a slower stage that
// wants what is fresh and not all there was. The zero value is ready.
type Box[T any] struct {
	mu      sync.Mutex
	value   T
	full    bool
	dropped uint64
	ready   chan struct{}
}

// Put leaves v for Take. It returns the value that nobody took in time, so that
// its memory can be used again.
func (b *Box[T]) Put(v T) (unused T, dropped bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	unused, dropped = b.value, b.full
	if dropped {
		b.dropped++
	}
	b.value, b.full = v, true
	b.signal()
	return unused, dropped
}

// Ready is signalled when there is something to Take. A signal may be stale.
func (b *Box[T]) Ready() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.channel()
}

// Take returns the newest value, if there is one.
func (b *Box[T]) Take() (v T, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	v, ok = b.value, b.full
	var none T
	b.value, b.full = none, false
	return v, ok
}

// Dropped counts the values that were replaced before anybody took them.
func (b *Box[T]) Dropped() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.dropped
}

func (b *Box[T]) channel() chan struct{} {
	if b.ready == nil {
		b.ready = make(chan struct{}, 1)
	}
	return b.ready
}

func (b *Box[T]) signal() {
	select {
	case b.channel() <- struct{}{}:
	default:
	}
}
