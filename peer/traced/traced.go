// Package traced reads what prattle has written to a file of --trace, for tests and
// measurements. No program imports it.
package traced

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/skulltech/prattle/peer"
)

// An Event is a line of a trace, whatever it tells.
type Event struct {
	T    int64  `json:"t"` // Unix time in nanoseconds
	Ev   string `json:"ev"`
	Peer string `json:"peer"`

	State peer.State `json:"state"`

	peer.LinkStats // of stats; Path and LAN of state too

	N      uint64 `json:"n"`      // of capture
	Sample uint64 `json:"sample"` // of mic and speaker
	I      uint64 `json:"i"`      // of show
	W      int    `json:"w"`
	H      int    `json:"h"`
}

// At is when it happened.
func (e Event) At() time.Time { return time.Unix(0, e.T) }

// String is a state in messages of tests.
func (e Event) String() string {
	return fmt.Sprintf("%s %s %s", e.At().Format("04:05.000"), e.State, e.Path)
}

// A Trace is what a prattle has told so far.
type Trace []Event

// Read reads a trace that may go on being written. One that does not exist yet is
// empty.
func Read(name string) (Trace, error) {
	f, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var t Trace
	for d := json.NewDecoder(bufio.NewReader(f)); ; {
		var e Event
		switch err := d.Decode(&e); {
		case err == io.EOF, errors.Is(err, io.ErrUnexpectedEOF): // cut off where the process ended
			return t, nil
		case err != nil:
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		t = append(t, e)
	}
}

// States are the states and paths of links, in order.
func (t Trace) States() (states Trace) {
	for _, e := range t {
		if e.Ev == "state" {
			states = append(states, e)
		}
	}
	return states
}

// Of is what a trace tells of one peer.
func (t Trace) Of(peer string) (of Trace) {
	for _, e := range t {
		if e.Peer == peer {
			of = append(of, e)
		}
	}
	return of
}

// Between is what a trace tells of the time from one moment to another.
func (t Trace) Between(from, to time.Time) (between Trace) {
	for _, e := range t {
		if at := e.At(); !at.Before(from) && at.Before(to) {
			between = append(between, e)
		}
	}
	return between
}

// First is the first event for which is holds.
func (t Trace) First(is func(Event) bool) (Event, bool) {
	i := slices.IndexFunc(t, is)
	if i < 0 {
		return Event{}, false
	}
	return t[i], true
}

// Count is for how many events is holds.
func (t Trace) Count(is func(Event) bool) (n int) {
	for _, e := range t {
		if is(e) {
			n++
		}
	}
	return n
}

// Now is where the call stands, or the link told of last.
func (t Trace) Now() (state peer.State, path string) {
	for _, e := range slices.Backward(t) {
		if e.Ev == "state" {
			return e.State, e.Path
		}
	}
	return "", ""
}

// StatsAt are the last statistics told by then; zero before there are any.
func (t Trace) StatsAt(at time.Time) (last Event) {
	for _, e := range t {
		if e.Ev == "stats" && !e.At().After(at) {
			last = e
		}
	}
	return last
}

// StatsOf are the last statistics told of a peer; zero before there are any.
func (t Trace) StatsOf(id string) peer.LinkStats {
	return t.Of(id).StatsAt(time.Now()).LinkStats
}

// Reached tells of an event: the link is in that state.
func Reached(state peer.State) func(Event) bool {
	return func(e Event) bool { return e.Ev == "state" && e.State == state }
}

// OnPath tells of an event: the link is up and takes that path.
func OnPath(path string) func(Event) bool {
	return func(e Event) bool { return Reached(peer.StateConnected)(e) && e.Path == path }
}

// Shown tells of an event: a picture was shown.
func Shown(e Event) bool { return e.Ev == "show" }
