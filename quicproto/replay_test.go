package quicproto

import (
	"bytes"
	"testing"
)

func short(lane, n byte) []byte { return []byte{0x40, lane, 0, 0, 0, n} }

func TestKeptPacketsAreTheLatestAndOneOfEachLane(t *testing.T) {
	var k keptPackets
	for n := range byte(20) {
		k.note(short(1, n))
	}
	k.note(short(2, 1))
	k.note([]byte{0x40})
	k.note(make([]byte, maxKept+1))
	for n := range byte(3) {
		k.note(short(3, n))
	}
	wantPackets(t, "kept", k.all(), short(1, 16), short(1, 17), short(1, 18), short(1, 19), short(2, 1), short(3, 0), short(3, 1), short(3, 2))
	wantPackets(t, "latest", k.latest(), short(1, 19), short(2, 1), short(3, 2))
	for n := range byte(20) {
		k.note(short(3, 10+n))
	}
	wantPackets(t, "latest", k.latest(), short(1, 19), short(2, 1), short(3, 29))
	for lane := range byte(100) {
		k.note(short(lane, 3))
	}
	if n := len(k.all()); n != MaxLanes {
		t.Errorf("kept %d packets, want %d", n, MaxLanes)
	}
}

func wantPackets(t *testing.T, what string, got [][]byte, want ...[]byte) {
	t.Helper()
	same := len(got) == len(want)
	for _, w := range want {
		found := false
		for _, g := range got {
			found = found || bytes.Equal(g, w)
		}
		same = same && found
	}
	if !same {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestConnectionIDsAreFound(t *testing.T) {
	short := []byte{0x41, 1, 2, 3, 4, 5}
	long := []byte{0xc1, 0, 0, 0, 1, 8, 1, 2, 3, 4, 5, 6, 7, 8, 4, 9, 10, 11, 12, 0}
	for _, tc := range []struct {
		packet                    []byte
		destination, source, ours []byte
	}{
		{short, []byte{1, 2, 3, 4}, nil, []byte{1, 2, 3, 4}},
		{short[:4], nil, nil, nil},
		{long, []byte{1, 2, 3, 4}, []byte{9, 10, 11, 12}, nil},
		{long[:18], []byte{1, 2, 3, 4}, nil, nil},
		{long[:8], nil, nil, nil},
		{[]byte{0xc1, 0, 0, 0, 1, 4, 1, 2, 3, 4, 0}, []byte{1, 2, 3, 4}, nil, []byte{1, 2, 3, 4}},
		{[]byte{0xc1, 0, 0, 0, 1, 255, 1, 2, 3, 4, 0}, []byte{1, 2, 3, 4}, nil, nil},
		{nil, nil, nil, nil},
	} {
		if got := destinationID(tc.packet); !bytes.Equal(got, tc.destination) {
			t.Errorf("%x goes to %x, want %x", tc.packet, got, tc.destination)
		}
		if got := sourceID(tc.packet); !bytes.Equal(got, tc.source) {
			t.Errorf("%x comes from %x, want %x", tc.packet, got, tc.source)
		}
		id, ok := ownID(tc.packet)
		if ok != (tc.ours != nil) || ok && id != 0x01020304 {
			t.Errorf("%x has the ID %x (%v) of ours", tc.packet, id, ok)
		}
	}
}
