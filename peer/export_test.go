package peer

import "github.com/skulltech/prattle/quicproto"

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
