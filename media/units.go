package media

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// SampleRate is that of all sound in Prattle, in Hz.
const SampleRate = 48000

// Bitrate is in bits per second.
type Bitrate int64

// Common multiples of Bitrate.
const (
	Kbps Bitrate = 1000
	Mbps Bitrate = 1000 * Kbps
)

// String formats b with the unit in which it reads best.
func (b Bitrate) String() string {
	if b >= Mbps {
		return fmt.Sprintf("%.2f Mbit/s", float64(b)/float64(Mbps))
	}
	return fmt.Sprintf("%d kbit/s", (b+Kbps/2)/Kbps)
}

// ParseBitrate reads "800k", "2.5M", "2.5mbit" or a plain number of bits per second.
func ParseBitrate(s string) (Bitrate, error) {
	num := strings.ToLower(strings.TrimSpace(s))
	num = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(num, "/s"), "bit"), "bps")
	unit := Bitrate(1)
	switch {
	case strings.HasSuffix(num, "k"):
		num, unit = num[:len(num)-1], Kbps
	case strings.HasSuffix(num, "m"):
		num, unit = num[:len(num)-1], Mbps
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(num), 64)
	if err != nil || !(v > 0) || v*float64(unit) > 1e12 {
		return 0, fmt.Errorf("%q is not a bitrate (try 800k or 2.5M)", s)
	}
	return Bitrate(v * float64(unit)), nil
}

// Bytes returns how many bytes b carries in d.
func (b Bitrate) Bytes(d time.Duration) int {
	return int(float64(b) / 8 * d.Seconds())
}

// Time returns how long b takes to carry n bytes.
func (b Bitrate) Time(n int) time.Duration {
	if b <= 0 {
		return 0
	}
	return time.Duration(float64(n) * 8 / float64(b) * float64(time.Second))
}

// SamplesIn returns the number of samples in d.
func SamplesIn(d time.Duration) int { return int(d * SampleRate / time.Second) }

// SampleTime returns how long n samples last.
func SampleTime(n int) time.Duration { return time.Duration(n) * time.Second / SampleRate }

// ParseSize reads "1280x720"; both sides between 16 and 4096 and even.
func ParseSize(s string) (w, h int, err error) {
	ws, hs, ok := strings.Cut(s, "x")
	w, err1 := strconv.Atoi(ws)
	h, err2 := strconv.Atoi(hs)
	if !ok || err1 != nil || err2 != nil || w < 16 || h < 16 || w > 4096 || h > 4096 || w%2 != 0 || h%2 != 0 {
		return 0, 0, fmt.Errorf("%q is not a picture size (try 1280x720)", s)
	}
	return w, h, nil
}
