package quicproto

import (
	"bytes"
	"net"
	"testing"
)

func TestReplayerKeepsTheLatestOfEachLane(t *testing.T) {
	var r replayer
	to, stranger := &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1}, &net.UDPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 1}
	kept := func(addr net.Addr) (got [][]byte) {
		r.each(addr, func(b, _ []byte) { got = append(got, bytes.Clone(b)) })
		return got
	}
	short := func(lane, n byte) []byte { return []byte{0x40, lane, 0, 0, 0, n} }

	r.note(short(1, 1), nil, to)
	if got := kept(to); got != nil {
		t.Errorf("kept %v for a peer that nobody watches", got)
	}
	r.watch(to)
	r.note(short(1, 1), nil, to)
	r.note(short(2, 1), nil, to)
	r.note(short(1, 2), nil, &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1).To16(), Port: 1})
	r.note([]byte{0xc0, 3, 0, 0, 0, 1}, nil, to) // long header
	r.note([]byte{0x40}, nil, to)
	r.note(make([]byte, maxKept+1), nil, to)
	r.note(short(9, 9), nil, stranger)
	if got, want := kept(to), [][]byte{short(1, 2), short(2, 1)}; len(got) != 2 || !bytes.Equal(got[0], want[0]) || !bytes.Equal(got[1], want[1]) {
		t.Errorf("kept %v, want %v", got, want)
	}
	for lane := range byte(100) {
		r.note(short(lane, 3), nil, to)
	}
	if n := len(kept(to)); n != MaxLanes {
		t.Errorf("kept %d packets, want %d", n, MaxLanes)
	}

	r.watch(to)
	r.forget(to)
	if kept(to) == nil {
		t.Error("forgotten while a connection uses the address")
	}
	r.forget(to)
	r.forget(to)
	if len(r.kept) != 0 {
		t.Errorf("%d addresses are left", len(r.kept))
	}
}
