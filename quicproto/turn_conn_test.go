package quicproto

import (
	"bytes"
	"testing"
)

func TestReadTURNMessage(t *testing.T) {
	indication := dataIndication(peerA, []byte("abc"))
	for _, c := range []struct {
		name   string
		stream []byte
		want   []byte // nil: an error
		rest   int
	}{
		{"STUN", append(bytes.Clone(indication), 1, 2), indication, 2},
		{"ChannelData", []byte{0x40, 0, 0, 4, 1, 2, 3, 4, 9}, []byte{0x40, 0, 0, 4, 1, 2, 3, 4}, 1},
		{"padded", []byte{0x40, 0, 0, 1, 1, 0, 0, 0, 9}, []byte{0x40, 0, 0, 1, 1}, 1},
		{"empty", []byte{0x40, 0, 0, 0}, []byte{0x40, 0, 0, 0}, 0},
		{"cut off", []byte{0x40, 0, 0, 4, 1}, nil, 0},
		{"too long", append([]byte{0x40, 0, 0xff, 0xff}, make([]byte, 1<<16)...), nil, 1 << 16},
		{"neither", []byte{0x80, 0, 0, 0}, nil, 0},
	} {
		r := bytes.NewReader(c.stream)
		got, err := readTURNMessage(r, make([]byte, maxTURNMessage))
		if (err != nil) != (c.want == nil) || !bytes.Equal(got, c.want) || r.Len() != c.rest {
			t.Errorf("%s: %x, %v, %d bytes left", c.name, got, err, r.Len())
		}
	}
}

func FuzzReadTURNMessage(f *testing.F) {
	f.Add([]byte{0x40, 0, 0, 1, 1, 0, 0, 0})
	f.Add(dataIndication(peerA, []byte("abc")))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		for {
			m, err := readTURNMessage(r, make([]byte, maxTURNMessage))
			if err != nil {
				return
			}
			if len(m) < 4 || len(m) > maxTURNMessage {
				t.Fatalf("a message of %d bytes", len(m))
			}
		}
	})
}
