package peer

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto"
)

// Trace writes what happens in a call as JSON Lines, for measurement. Its
// events and fields are fixed; new ones may be added. It holds no secrets. The
// nil Trace writes nothing.
type Trace struct {
	mu  sync.Mutex
	w   io.WriteCloser
	enc *json.Encoder
}

// OpenTrace writes to the file of that name, beginning anew.
func OpenTrace(name string) (*Trace, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open trace: %w", err)
	}
	return &Trace{w: f, enc: json.NewEncoder(f)}, nil
}

// Close closes the file.
func (t *Trace) Close() error {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.w.Close()
}

func (t *Trace) write(event any) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	// A trace that cannot be written must not end the call.
	_ = t.enc.Encode(event)
}

// capture: source frame n entered the pipeline.
func (t *Trace) capture(at time.Time, n uint64) {
	t.write(struct {
		T  int64  `json:"t"`
		Ev string `json:"ev"`
		N  uint64 `json:"n"`
	}{at.UnixNano(), "capture", n})
}

// show: frame i, its index in the view, was handed to the view.
func (t *Trace) show(at time.Time, peer certs.PeerID, i uint64, w, h int) {
	if t == nil {
		return
	}
	t.write(struct {
		T    int64  `json:"t"`
		Ev   string `json:"ev"`
		Peer string `json:"peer"`
		I    uint64 `json:"i"`
		W    int    `json:"w"`
		H    int    `json:"h"`
	}{at.UnixNano(), "show", peer.String(), i, w, h})
}

// sound: sample number s was heard by the microphone or played by the speaker.
func (t *Trace) sound(at time.Time, event string, s uint64) {
	t.write(struct {
		T      int64  `json:"t"`
		Ev     string `json:"ev"`
		Sample uint64 `json:"sample"`
	}{at.UnixNano(), event, s})
}

func (t *Trace) state(at time.Time, peer string, state State, path quicproto.Path) {
	t.write(struct {
		T     int64  `json:"t"`
		Ev    string `json:"ev"`
		Peer  string `json:"peer"`
		State State  `json:"state"`
		Path  string `json:"path"`
		LAN   bool   `json:"lan"`
	}{at.UnixNano(), "state", peer, state, pathName(path), path.Kind == quicproto.PathLAN})
}

func (t *Trace) stats(at time.Time, peer certs.PeerID, s LinkStats) {
	if t == nil {
		return
	}
	t.write(struct {
		T    int64  `json:"t"`
		Ev   string `json:"ev"`
		Peer string `json:"peer"`
		LinkStats
	}{at.UnixNano(), "stats", peer.String(), s})
}
