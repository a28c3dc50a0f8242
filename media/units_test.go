package media

import (
	"testing"
	"time"
)

func TestParseBitrate(t *testing.T) {
	for s, want := range map[string]Bitrate{
		"800k": 800 * Kbps, "2.5M": 2500 * Kbps, "2.5mbit": 2500 * Kbps, "64000": 64000, "1Mbit/s": Mbps, " 300 kbps": 300 * Kbps,
	} {
		if got, err := ParseBitrate(s); err != nil || got != want {
			t.Errorf("%q is %v, %v, want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", "k", "-1", "0", "NaN", "inf", "1e30", "many"} {
		if got, err := ParseBitrate(s); err == nil {
			t.Errorf("%q is %v", s, got)
		}
	}
}

func TestParseSize(t *testing.T) {
	if w, h, err := ParseSize("1280x720"); err != nil || w != 1280 || h != 720 {
		t.Errorf("1280x720 is %dx%d, %v", w, h, err)
	}
	for _, s := range []string{"", "1280", "x", "0x0", "1281x720", "-2x-2", "99999x2", "16x16x16"} {
		if w, h, err := ParseSize(s); err == nil {
			t.Errorf("%q is %dx%d", s, w, h)
		}
	}
}

func TestBitrateAndTime(t *testing.T) {
	if n := Mbps.Bytes(time.Second); n != 125000 {
		t.Errorf("1 Mbit/s carries %d bytes a second", n)
	}
	if d := Mbps.Time(1250); d != 10*time.Millisecond {
		t.Errorf("1250 bytes take %v at 1 Mbit/s", d)
	}
}
