package peer

import (
	"sync"
	"time"

	"github.com/skulltech/prattle/quicproto"
)

// knownCandidates are what a gatherer would have found.
type knownCandidates []quicproto.Candidate

func (k knownCandidates) Candidates() []quicproto.Candidate           { return k }
func (k knownCandidates) Changed() <-chan struct{}                    { return nil }
func (k knownCandidates) Kick()                                       {}
func (k knownCandidates) Wait()                                       {}
func (k knownCandidates) Problems() []error                           { return nil }
func (k knownCandidates) SetServers([]string, []quicproto.TURNServer) {}

// ReachedAt makes the room tell others that it is at these addresses.
func (r *Room) ReachedAt(list ...quicproto.Candidate) { r.gathering.found = knownCandidates(list) }

// foundLater is a gatherer that needs a while.
type foundLater struct {
	knownCandidates
	mu      sync.Mutex
	changed chan struct{}
}

func (f *foundLater) Candidates() []quicproto.Candidate {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.knownCandidates
}

func (f *foundLater) Changed() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.changed
}

// ReachedAfter is ReachedAt for a room that knows only after a while.
func (r *Room) ReachedAfter(d time.Duration, list ...quicproto.Candidate) {
	f := &foundLater{changed: make(chan struct{})}
	r.gathering.found = f
	time.AfterFunc(d, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.knownCandidates = list
		close(f.changed)
		f.changed = make(chan struct{})
	})
	r.routines.Go(r.routineCandidates)
}
