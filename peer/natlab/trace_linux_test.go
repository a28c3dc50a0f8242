package natlab

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

// An event is a line of a trace of prattle.
type event struct {
	T     int64  `json:"t"` // Unix time in nanoseconds
	Ev    string `json:"ev"`
	State string `json:"state"`
	Path  string `json:"path"`
	LAN   bool   `json:"lan"`

	Sample uint64 `json:"sample"` // of speaker

	RTT         float64 `json:"rtt_ms"`
	ConcealedMs float64 `json:"concealed_ms"`
	Freezes     uint64  `json:"freezes"`
	FreezeMs    float64 `json:"freeze_ms"`
	RecvKbps    float64 `json:"recv_kbps"`
}

// String is a state in messages of tests.
func (e event) String() string {
	return fmt.Sprintf("%s %s %s", e.at().Format("04:05.000"), e.State, e.Path)
}

func (e event) at() time.Time { return time.Unix(0, e.T) }

// trace is what a side of a call has told so far.
type trace []event

// readTrace reads a trace that may go on being written. One that does not exist
// yet is empty.
func readTrace(name string) (trace, error) {
	f, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var t trace
	for d := json.NewDecoder(bufio.NewReader(f)); ; {
		var e event
		switch err := d.Decode(&e); {
		case err == io.EOF, errors.Is(err, io.ErrUnexpectedEOF):
			return t, nil
		case err != nil:
			return nil, err
		}
		t = append(t, e)
	}
}

// states are the states and paths of the call, in order.
func (t trace) states() (states []event) {
	for _, e := range t {
		if e.Ev == "state" {
			states = append(states, e)
		}
	}
	return states
}

// first is the first event for which is holds.
func (t trace) first(is func(event) bool) (event, bool) {
	i := slices.IndexFunc(t, is)
	if i < 0 {
		return event{}, false
	}
	return t[i], true
}

// reached tells of an event: the call is in that state.
func reached(state string) func(event) bool {
	return func(e event) bool { return e.Ev == "state" && e.State == state }
}

// onPath tells of an event: the call is up and takes that path.
func onPath(path string) func(event) bool {
	return func(e event) bool { return e.Ev == "state" && e.State == "connected" && e.Path == path }
}

// now is where the call stands.
func (t trace) now() (state, path string) {
	for _, e := range slices.Backward(t) {
		if e.Ev == "state" {
			return e.State, e.Path
		}
	}
	return "", ""
}

// statsAt are the last statistics told by then; zero before there are any.
func (t trace) statsAt(at time.Time) (last event) {
	for _, e := range t {
		if e.Ev == "stats" && !e.at().After(at) {
			last = e
		}
	}
	return last
}

// silence is a rate, in kbit/s, below which no sound comes; it has 100.
const silence = 20

// across are the last statistics before a moment, and the first ones told a time
// after it in which sound came.
func (t trace) across(at time.Time, length time.Duration) (before, after event) {
	after, _ = t.first(func(e event) bool {
		return e.Ev == "stats" && e.at().After(at.Add(length)) && e.RecvKbps > silence
	})
	return t.statsAt(at), after
}

// gap is for how long sound was made up because none came, from a moment on and for
// as long as what happened then takes. Sound that never came back is not counted.
func (t trace) gap(at time.Time, length time.Duration) time.Duration {
	before, after := t.across(at, length)
	return max(time.Duration((after.ConcealedMs-before.ConcealedMs)*float64(time.Millisecond)), 0)
}

// hears tells whether sound has come lately.
func (t trace) hears() bool {
	_, comes := t.first(func(e event) bool {
		return e.Ev == "stats" && time.Since(e.at()) < 4*time.Second && e.RecvKbps > silence
	})
	return comes
}
