package media

// relay hands buffers from one goroutine to another, the newest only, and uses
// three of them in turn: one being filled, one waiting, one being read.
type relay[T any] struct {
	waiting Box[*T]
	free    chan *T
}

func newRelay[T any]() *relay[T] {
	const buffers = 3
	r := &relay[T]{free: make(chan *T, buffers)}
	for range buffers {
		r.free <- new(T)
	}
	return r
}

// blank is a buffer to fill and put. It is there at once, unless the reader is
// just changing one for the next.
func (r *relay[T]) blank() *T { return <-r.free }

// put passes on a filled buffer, in place of one that nobody took.
func (r *relay[T]) put(v *T) {
	if unused, dropped := r.waiting.Put(v); dropped {
		r.free <- unused
	}
}

// take is the newest filled buffer, if there is one; done gives it back.
func (r *relay[T]) take() (*T, bool) { return r.waiting.Take() }

func (r *relay[T]) done(v *T) { r.free <- v }
