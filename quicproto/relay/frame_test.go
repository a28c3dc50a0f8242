package relay

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

func TestReadFrame(t *testing.T) {
	stunMessage := append([]byte{0, 1, 0, 4, 0x21, 0x12, 0xa4, 0x42}, make([]byte, 16)...)
	channelData := appendPadded(nil, putChannelHeader([]byte{0, 0, 0, 0, 'a', 'b', 'c', 'd', 'e'}, firstChannel))
	stream := append(append(append([]byte(nil), stunMessage...), channelData...), stunMessage...)
	r := bufio.NewReader(iotest.OneByteReader(bytes.NewReader(stream)))
	buf := make([]byte, maxDatagram)
	for i, want := range [][]byte{stunMessage, channelData, stunMessage} {
		n, err := readFrame(r, buf)
		if err != nil || !bytes.Equal(buf[:n], want) {
			t.Fatalf("frame %d: %x %v, want %x", i, buf[:n], err, want)
		}
	}
	if _, err := readFrame(r, buf); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

func TestReadFrameRefuses(t *testing.T) {
	for name, b := range map[string][]byte{
		"TLS":                  {0x16, 3, 1, 2, 0},
		"HTTP":                 []byte("GET / HTTP/1.1\r\n"),
		"QUIC":                 {0xc0, 0, 0, 1},
		"STUN, length not 4n":  {0, 1, 0, 3, 0x21, 0x12, 0xa4, 0x42},
		"STUN, too long":       {0, 1, 0xff, 0xfc, 0x21, 0x12, 0xa4, 0x42},
		"ChannelData too long": {0x40, 0, 0xff, 0xff, 0, 0, 0, 0},
	} {
		if _, err := readFrame(bufio.NewReader(bytes.NewReader(b)), make([]byte, maxDatagram)); !errors.Is(err, errBadFrame) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzReadFrame(f *testing.F) {
	f.Add([]byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{0x40, 0, 0, 1, 'a', 0, 0, 0, 0x4f, 0xff, 0, 0})
	f.Add([]byte{0x16, 3, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, buf := bufio.NewReader(bytes.NewReader(b)), make([]byte, maxDatagram)
		for rest := len(b); ; {
			n, err := readFrame(r, buf)
			if err != nil {
				return
			}
			if rest -= n; n < channelHeader || n >= len(buf) || n%4 != 0 || rest < 0 {
				t.Fatalf("a frame of %d bytes, %d left of %d", n, rest, len(b))
			}
		}
	})
}

func FuzzParseChannelData(f *testing.F) {
	f.Add([]byte{0x40, 0, 0, 1, 'a', 0, 0, 0})
	f.Add([]byte{0x4f, 0xff, 0, 0})
	f.Add([]byte{0x50, 0, 0, 0})
	f.Add([]byte{0x40, 0, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		number, data, ok := parseChannelData(b)
		if !ok {
			return
		}
		if number < firstChannel || number > lastChannel {
			t.Fatalf("channel %x", number)
		}
		want := append(binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, number), uint16(len(data))), data...)
		got := putChannelHeader(append(make([]byte, channelHeader), data...), number)
		if !bytes.Equal(got, want) || !bytes.HasPrefix(b, want) {
			t.Fatalf("%x became %x", b, got)
		}
	})
}
