package quality

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/quicproto/quictest"
)

// began is when the calls of these tests were connected: not at a whole second.
var began = time.Unix(1_700_000_000, 300_000_000)

// leave writes the files of a call of three seconds: pictures that are 50 ms old
// when shown, and sound that is 40 ms old when played.
func leave(t *testing.T) leftovers {
	t.Helper()
	const pictures, glass, mouth = 90, 50 * time.Millisecond, 40 * time.Millisecond
	l := leftovers{t.TempDir()}
	writeTrace(t, l.trace(caller), map[string]any{"t": began.UnixNano(), "ev": "state", "state": "connected"})
	view, err := media.OpenView("file:"+l.view(), media.PictureConfig{Width: viewWidth, Height: viewHeight})
	if err != nil {
		t.Fatal(err)
	}
	f := media.NewFrame(1280, 720)
	var events []any
	for i := range pictures {
		at := began.Add(time.Duration(i) * frame)
		media.Stamp(f, uint64(i), at.Add(-glass))
		if err := view.Show(&media.Scene{Tiles: []media.Tile{{Frame: f}}}); err != nil {
			t.Fatal(err)
		}
		events = append(events, map[string]any{"t": at.UnixNano(), "ev": "show", "i": i, "w": 1280, "h": 720})
	}
	if err := view.Close(); err != nil {
		t.Fatal(err)
	}
	sound := make([]int16, 3*media.SampleRate)
	media.AddTicks(sound, began.Add(-mouth))
	for s := range 3 {
		at := began.Add(time.Duration(s) * time.Second)
		events = append(events, map[string]any{"t": at.UnixNano(), "ev": "speaker", "sample": s * media.SampleRate},
			map[string]any{"t": at.UnixNano(), "ev": "stats", "nacks": s})
	}
	writeTrace(t, l.trace(callee), events...)
	header := make([]byte, wavHeader)
	copy(header, "RIFF")
	copy(header[36:], "data")
	data, err := binary.Append(header, binary.LittleEndian, sound)
	if err == nil {
		err = os.WriteFile(l.sound(), data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func writeTrace(t *testing.T, name string, events ...any) {
	t.Helper()
	var b strings.Builder
	for _, e := range events {
		if err := json.NewEncoder(&b).Encode(e); err != nil {
			t.Fatal(err)
		}
	}
	b.WriteString(`{"t":17,"ev":"sh`) // the process was ended
	if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestARecordingIsReadFromWhatACallLeaves(t *testing.T) {
	l := leave(t)
	row := &Row{Changes: make([]Change, 1)}
	sent := quictest.Passage{Size: 100, Sent: began.Add(time.Second), Left: began.Add(1010 * time.Millisecond)}
	r, err := l.recording(row, 1990*time.Millisecond, []time.Time{began.Add(time.Second)}, []passed{{sent, true}})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Shown) != 60 || r.Shown[59].Height != 720 {
		t.Errorf("%d pictures in 2 s", len(r.Shown))
	}
	for i, s := range r.Shown {
		if s.Age.Round(time.Microsecond*10) != 50*time.Millisecond { // stamps tell microseconds
			t.Errorf("picture %d is %v old, want 50 ms", i, s.Age)
		}
	}
	if len(r.Clicks) != 2 || r.Clicks[0].Value < 38 || r.Clicks[1].Value > 42 {
		t.Errorf("clicks %v, want two that are 40 ms old", r.Clicks)
	}
	if len(r.Receiver) != 2 || r.Receiver[1].Nacks != 1 || r.Receiver[1].At != time.Second {
		t.Errorf("reports %+v", r.Receiver)
	}
	if p := r.Packets[0]; p.At != time.Second || p.Wait() != 10*time.Millisecond || !p.Rival || r.Changed[0] != time.Second {
		t.Errorf("packet %+v, change at %v", p, r.Changed[0])
	}
}

func TestFilesThatAreNoLeftoversAreRefused(t *testing.T) {
	for _, spoil := range []func(leftovers) string{leftovers.view, leftovers.sound, func(l leftovers) string { return l.trace(caller) }} {
		l := leave(t)
		if err := os.WriteFile(spoil(l), []byte("something else\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := l.recording(new(Row), time.Second, nil, nil); err == nil {
			t.Errorf("%s was taken", spoil(l))
		}
	}
}
