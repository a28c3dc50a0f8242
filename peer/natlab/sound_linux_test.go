package natlab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/skulltech/prattle/peer/traced"
)

// soundRate is that of recordings, in samples a second.
const soundRate = 48000

// readSound returns the samples of a WAV file of 16 bits and one channel, which may
// not have been finished.
func readSound(name string) ([]int16, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	const header = 44
	if len(b) < header || string(b[:4]) != "RIFF" || binary.LittleEndian.Uint32(b[24:]) != soundRate {
		return nil, fmt.Errorf("%s is no recording", name)
	}
	b = b[header:]
	samples := make([]int16, len(b)/2)
	for i := range samples {
		samples[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return samples, nil
}

// audible is an amplitude above which there is sound: the tone has 8,000 or more.
const audible = 500

// firstSound is when the first sound of a recording was played, by the clock of
// the trace of who played it.
func firstSound(name string, t traced.Trace) (time.Time, error) {
	samples, err := readSound(name)
	if err != nil {
		return time.Time{}, err
	}
	playing, ok := t.First(func(e traced.Event) bool { return e.Ev == "speaker" })
	if !ok {
		return time.Time{}, errors.New("nothing was ever played")
	}
	for i, s := range samples {
		if s > audible || s < -audible {
			return playing.At().Add(time.Duration(i-int(playing.Sample)) * time.Second / soundRate), nil
		}
	}
	return time.Time{}, errors.New("only silence was played")
}
