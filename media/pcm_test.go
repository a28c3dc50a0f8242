package media

import "testing"

func TestMuLaw(t *testing.T) {
	// From the tables of G.711: the ends of segments.
	for v, want := range map[int16]byte{0: 0xff, -1: 0x7f, 7: 0xfe, 32767: 0x80, -32768: 0x00, 32635: 0x80, 1000: 0xce, -1000: 0x4e} {
		if got := muLaw(v); got != want {
			t.Errorf("muLaw(%d) = %#x, want %#x", v, got, want)
		}
	}
	for b := range 256 {
		v := muLawSample(byte(b))
		if back := muLaw(v); back != byte(b) && b != 0x7f { // 0x7f is a second zero
			t.Errorf("%#x is sample %d, which is %#x", b, v, back)
		}
	}
	for v := -32768; v <= 32767; v++ {
		off := int(muLawSample(muLaw(int16(v)))) - v
		if max(off, -off) > max(v, -v)/30+8 {
			t.Fatalf("sample %d comes back off by %d", v, off)
		}
	}
}

func TestPCMUFillsAGapWithoutAJump(t *testing.T) {
	var d pcmuDecoder
	packet, pcm := make([]byte, 480), make([]int16, 480)
	// A slow ramp: any jump of the filling would stand out.
	next := func(from int) []int16 {
		for i := range packet {
			packet[i] = muLaw(int16(from + 4*i))
		}
		if _, err := d.Decode(pcm, packet); err != nil {
			t.Fatal(err)
		}
		return append([]int16(nil), pcm...)
	}
	sound := append(next(8000), next(8000+4*480)...)
	for range 3 {
		d.Conceal(pcm)
		sound = append(sound, pcm...)
	}
	sound = append(sound, next(8000)...)
	for i := 1; i < len(sound); i++ {
		if step := int(sound[i]) - int(sound[i-1]); step > 600 || step < -600 { // 512 is mu-law's own step here
			t.Errorf("sample %d jumps from %d to %d", i, sound[i-1], sound[i])
		}
	}
}

func TestPCMULongGapIsSilent(t *testing.T) {
	var d pcmuDecoder
	loud := make([]int16, 960)
	for i := range loud {
		loud[i] = int16(20000 - 40000*(i/48%2))
	}
	packet, _ := pcmuEncoder{}.Encode(nil, loud)
	if _, err := d.Decode(loud, packet); err != nil {
		t.Fatal(err)
	}
	before := 1 << 30
	for n := range 5 {
		d.Conceal(loud)
		level := 0
		for _, v := range loud {
			level += max(int(v), -int(v))
		}
		if level >= before && before > 0 {
			t.Errorf("20 ms number %d of the gap has loudness %d, the one before %d", n, level, before)
		}
		before = level
	}
	if before != 0 {
		t.Errorf("after 100 ms the gap is not silent: %d", before)
	}
}

func BenchmarkPCMU(b *testing.B) {
	pcm, packet := make([]int16, 960), make([]byte, 0, 960)
	var d pcmuDecoder
	b.ReportAllocs()
	for b.Loop() {
		packet, _ = pcmuEncoder{}.Encode(packet[:0], pcm)
		d.Decode(pcm, packet)
	}
}
