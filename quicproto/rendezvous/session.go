package rendezvous

import (
	"context"
	"errors"
	"sync"
	"time"
)

// session is a client's connection to a server.
type session struct {
	*wire
	way    way           // by which it was made
	goAway chan struct{} // closed when the server says so
	silent chan struct{} // has something in it when the server has not been heard for a while
	done   chan struct{} // closed when the connection has ended and all is cleaned up
	err    error         // why, once done is closed

	mu      sync.Mutex
	last    uint64 // number of the latest request
	waiting map[uint64]chan<- *answer
}

func newSession(l link, w way) *session {
	return &session{
		wire: newWire(l), way: w,
		goAway: make(chan struct{}), silent: make(chan struct{}, 1), done: make(chan struct{}),
		waiting: make(map[uint64]chan<- *answer),
	}
}

// maxWaiting bounds the requests under way: mail to all devices of some peers.
const maxWaiting = 64

// errLost says that the connection ended before the server had answered.
var errLost = errors.New("the connection to the rendezvous server was lost")

// pending is a request under way.
type pending struct {
	session *session
	number  uint64
	reply   <-chan *answer
}

// begin sends a request.
func (s *session) begin(r request) (*pending, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) >= maxWaiting {
		return nil, ErrBusy
	}
	s.last++
	r.setNumber(s.last)
	if err := s.send(r); err != nil {
		if errors.Is(err, errQueueFull) {
			return nil, ErrBusy
		}
		return nil, err
	}
	reply := make(chan *answer, 1)
	s.waiting[s.last] = reply
	return &pending{s, s.last, reply}, nil
}

// wait returns the answer.
func (p *pending) wait(ctx context.Context) (*answer, error) {
	select {
	case a := <-p.reply:
		return a, nil
	case <-p.session.done:
		return nil, errLost
	case <-ctx.Done():
		p.session.take(p.number)
		return nil, ctx.Err()
	}
}

// ask sends a request and waits for its answer.
func (s *session) ask(ctx context.Context, r request) (*answer, error) {
	p, err := s.begin(r)
	if err != nil {
		return nil, err
	}
	return p.wait(ctx)
}

// take removes a request from those under way; nil if it is not among them.
func (s *session) take(number uint64) chan<- *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	reply := s.waiting[number]
	delete(s.waiting, number)
	return reply
}

// handleAnswer gives an answer to who waits for it. Others are ignored.
func (s *session) handleAnswer(a *answer) {
	if reply := s.take(a.Request); reply != nil {
		reply <- a
	}
}

// unpaced lets messages come as fast as they do.
func unpaced(int) error { return nil }

// read handles the server's messages until the connection ends, and says why it has.
func (s *session) read(handle func(message)) error {
	for {
		m, err := s.receive(unpaced)
		if err != nil {
			s.close(closeProtocol) // if it has not ended by itself
			return err
		}
		handle(m)
	}
}

// prove tells the server again and again that we are there, until the connection
// ends.
func (s *session) prove() {
	tick := time.NewTicker(aliveInterval)
	defer tick.Stop()
	for heard := uint64(0); ; {
		select {
		case <-tick.C:
		case <-s.link.Context().Done():
			return
		}
		before := heard
		if heard = s.link.heard(); heard == before {
			select {
			case s.silent <- struct{}{}:
			default:
			}
		}
		s.send(new(alive)) // a queue that is full proves as much, or breaks soon
	}
}

// linger takes what is still under way by a connection whose place another has
// taken, then ends it.
func (s *session) linger(ctx context.Context) {
	select {
	case <-time.After(linger):
	case <-s.done:
	case <-ctx.Done():
	}
	s.end()
}

// end closes the connection and waits until nothing is left of it.
func (s *session) end() {
	s.close(closeDone)
	<-s.done
}
