package media

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestParseY4MHeader(t *testing.T) {
	full := y4mHeader{1280, 720, tempo{30, 1}, y4m420}
	good := map[string]y4mHeader{
		"YUV4MPEG2 W1280 H720 F30:1 Ip A1:1 C420jpeg":        full,
		"YUV4MPEG2 W1280 H720 F30:1":                         full,
		"YUV4MPEG2 C420paldv I? H720 W1280 XYSCSS=420 F30:1": full,
		"YUV4MPEG2 W1280 H720 F0:0 C420mpeg2":                full,
		"YUV4MPEG2 W1280 H720 C420 XCOLORRANGE=FULL":         full,
		"YUV4MPEG2 W3 H1 F30000:1001 C422":                   {3, 1, tempo{30000, 1001}, y4m422},
		"YUV4MPEG2 W4096 H2304 F1:1000 C444":                 {4096, 2304, tempo{1, 1000}, y4m444},
		"YUV4MPEG2   W1   H1 F1000:1 Cmono ":                 {1, 1, tempo{1000, 1}, y4mMono},
	}
	for line, want := range good {
		if got, err := parseY4MHeader(line); err != nil || got != want {
			t.Errorf("%q: %+v (%v), want %+v", line, got, err, want)
		}
	}
	bad := []string{
		"", "YUV4MPEG", "RIFF W1 H1", "YUV4MPEG2", "YUV4MPEG2 W1", "YUV4MPEG2 W0 H5", "YUV4MPEG2 W-2 H-2",
		"YUV4MPEG2 W2x H2", "YUV4MPEG2 W5000 H5000", "YUV4MPEG2 W99999999999 H1", "YUV4MPEG2 W4294967296 H4294967296",
		"YUV4MPEG2 W2 H2 F30", "YUV4MPEG2 W2 H2 F30:0", "YUV4MPEG2 W2 H2 F0:1", "YUV4MPEG2 W2 H2 F-1:1",
		"YUV4MPEG2 W2 H2 F5000000:5000000", "YUV4MPEG2 W2 H2 F1001:1", "YUV4MPEG2 W2 H2 F1:1001",
		"YUV4MPEG2 W2 H2 It", "YUV4MPEG2 W2 H2 C420p10", "YUV4MPEG2 W2 H2 C411", "YUV4MPEG2 W2 H2 C",
	}
	for _, line := range bad {
		if got, err := parseY4MHeader(line); err == nil {
			t.Errorf("%q: %+v, want an error", line, got)
		}
	}
}

func TestY4MReader(t *testing.T) {
	tests := []struct {
		name, stream string
		want         [3]string // planes of a picture of 3x3, as bytes
	}{
		{"4:2:0", "C420\nFRAME\nabcdefghiklmnwxyz", [3]string{"abcdefghi", "klmn", "wxyz"}},
		{"frame parameters", "C420\nFRAME Ip XFOO\nabcdefghiklmnwxyz", [3]string{"abcdefghi", "klmn", "wxyz"}},
		{"4:2:2", "C422\nFRAME\nabcdefghi" + "acbdxyggiihh", [3]string{"abcdefghi", "bdxy", "hhhh"}},
		{"4:4:4", "C444\nFRAME\nabcdefghi" + "acceexgik" + "000000222", [3]string{"abcdefghi", "dnhk", "0022"}},
		{"mono", "Cmono\nFRAME\nabcdefghi", [3]string{"abcdefghi", "\x80\x80\x80\x80", "\x80\x80\x80\x80"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			// The format of a stream must not depend on how its bytes come in.
			r := iotest.OneByteReader(strings.NewReader("YUV4MPEG2 W3 H3 F25:1 " + tt.stream))
			y, err := newY4MReader(r)
			if err != nil {
				t.Fatal(err)
			}
			var f Frame
			if err := y.next(&f); err != nil {
				t.Fatal(err)
			}
			if got := [3]string{string(f.Y), string(f.U), string(f.V)}; got != tt.want {
				t.Errorf("planes %q, want %q", got, tt.want)
			}
			if err := y.next(&f); err != io.EOF {
				t.Errorf("after the last picture: %v, want EOF", err)
			}
		})
	}
}

func TestY4MReaderRefusesDamage(t *testing.T) {
	const header = "YUV4MPEG2 W2 H2\n"
	tests := []struct {
		name, stream string
		want         error
	}{
		{"cut off in a picture", header + "FRAME\nabc", io.ErrUnexpectedEOF},
		{"cut off in a line", header + "FRA", io.ErrUnexpectedEOF},
		{"cut off after a line", header + "FRAME\n", io.ErrUnexpectedEOF},
		{"no picture", header, io.EOF},
		{"something else", header + "FRUME\nabcdef", errBadY4M},
		{"endless line", header + "FRAME" + strings.Repeat(" ", 1<<20), errBadY4M},
	}
	for _, tt := range tests {
		y, err := newY4MReader(strings.NewReader(tt.stream))
		if err != nil {
			t.Fatal(err)
		}
		if err := y.next(new(Frame)); err != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	for _, stream := range []string{"", "YUV4", "YUV4MPEG2", "YUV4MPEG2 W2 H2", "YUV4MPEG2" + strings.Repeat(" ", 1<<20), "\x00\x00\x00\x18ftypmp42"} {
		if _, err := newY4MReader(strings.NewReader(stream)); !errors.Is(err, errBadY4M) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("header %.20q: %v", stream, err)
		}
	}
}

// y4mBytes is a file of n pictures whose luma is their index.
func y4mBytes(w, h, n int, rate string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "YUV4MPEG2 W%d H%d F%s Ip C420jpeg\n", w, h, rate)
	f := NewFrame(w, h)
	for i := range n {
		f.Fill(byte(i), 128, 128)
		b.WriteString("FRAME\n")
		b.Write(f.Y)
		b.Write(f.U)
		b.Write(f.V)
	}
	return b.Bytes()
}

func FuzzY4MReader(f *testing.F) {
	f.Add(y4mBytes(4, 2, 3, "30:1"))
	f.Add([]byte("YUV4MPEG2 W3 H3 C422\nFRAME\nabcdefghiabcdefabcdef"))
	f.Add([]byte("YUV4MPEG2 W3 H3 C444\nFRAME X\nabcdefghiabcdefghiabcdefghi"))
	f.Add([]byte("YUV4MPEG2 W1 H1 Cmono F0:0\nFRAME\naFRAME\nb"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		y, err := newY4MReader(bytes.NewReader(stream))
		if err != nil {
			return
		}
		var frame Frame
		for n := 0; ; n++ {
			if err := y.next(&frame); err != nil {
				return
			}
			if n > len(stream) || frame.Width*frame.Height > len(stream) {
				t.Fatalf("picture %d of %dx%d from %d bytes", n, frame.Width, frame.Height, len(stream))
			}
		}
	})
}

func BenchmarkY4MReader(b *testing.B) {
	for _, chroma := range []string{"420jpeg", "422", "444"} {
		b.Run(chroma, func(b *testing.B) {
			header := "YUV4MPEG2 W1280 H720 F30:1 C" + chroma + "\n"
			picture := "FRAME\n" + strings.Repeat("x", 3*1280*720)
			h, _ := parseY4MHeader(strings.TrimSpace(header))
			r := strings.NewReader(header + picture[:6+h.pictureBytes()])
			y, err := newY4MReader(r)
			if err != nil {
				b.Fatal(err)
			}
			var f Frame
			b.ReportAllocs()
			for b.Loop() {
				r.Seek(int64(len(header)), io.SeekStart)
				if err := y.next(&f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
