package quicproto

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
)

func TestCopiesFollowTheLoss(t *testing.T) {
	for _, c := range []struct {
		rate, again float64
		want        int
	}{
		{0, 0, 0}, {0.004, 0.004, 0}, {0.01, 0.01, 1}, {0.03, 0.03, 1}, {0.05, 0.05, 2},
		{0.09, 0.09, 2}, {0.2, 0.2, 3}, {0.5, 0.5, 3},
		{0.01, 0.5, 3}, {0.01, 0.2, 2}, // in bursts
	} {
		if got := copiesFor(lossModel{c.rate, c.again}); got != c.want {
			t.Errorf("loss %v, %v after another: %d copies, want %d", c.rate, c.again, got, c.want)
		}
	}
}

func TestCopiesDoNotFlap(t *testing.T) {
	var r redundancy
	now := time.Unix(1, 0)
	r.choose(now, lossModel{0.02, 0.02})
	changes, before := 0, r.copies
	for i := range 6000 { // a minute around the border between one copy and two
		now = now.Add(10 * time.Millisecond)
		rate := 0.0316 + 0.004*float64(i%2*2-1)
		r.choose(now, lossModel{rate, rate})
		if r.copies != before {
			changes++
			before = r.copies
		}
	}
	if changes != 1 || r.copies != 2 {
		t.Errorf("%d changes, then %d copies", changes, r.copies)
	}
	for range 1600 {
		now = now.Add(10 * time.Millisecond)
		r.choose(now, lossModel{})
	}
	if r.copies != 0 {
		t.Errorf("%d copies on a link that has become clean", r.copies)
	}
}

func TestCopiesTakeTheirShare(t *testing.T) {
	for _, c := range []struct {
		target media.Bitrate
		size   int // bytes
		step   int // samples
		room   int
		want   int
	}{
		{media.Mbps, 60, 480, 1000, 3},
		{400 * media.Kbps, 60, 480, 1000, 1},
		{150 * media.Kbps, 70, 960, 1000, 1},
		{100 * media.Kbps, 70, 960, 1000, 0},
		{10 * media.Mbps, 60, 480, 130, 2},
		{10 * media.Mbps, 60, 480, 0, 0},
		{10 * media.Mbps, 1030, 480, 5000, 0}, // more than the header can say
		{10 * media.Mbps, 60, 17000, 1000, 0}, // longer ago than it can say
	} {
		r := redundancy{copies: maxCopies}
		for i := range 10 {
			r.keep(ptOpus, uint16(i), uint32(i*c.step), make([]byte, c.size))
		}
		if n, _ := r.fit(10, uint32(10*c.step), c.room, c.target); n != c.want {
			t.Errorf("%+v: %d copies", c, n)
		}
	}
}

var redGolden = []struct {
	copies int
	want   string
}{
	{0, "6f" + "dd04"},
	{1, "ef078003" + "6f" + "dd0303" + "dd04"},
	{3, "ef168002" + "ef0f0001" + "ef078003" + "6f" + "dd01" + "dd" + "dd0303" + "dd04"},
}

func TestREDOnTheWire(t *testing.T) {
	r := redundancy{copies: maxCopies}
	r.keep(ptOpus, 0xffff, 48000, []byte{0xdd, 1})
	r.keep(ptOpus, 0, 48480, []byte{0xdd})
	r.keep(ptOpus, 1, 48960, []byte{0xdd, 3, 3})
	for _, c := range redGolden {
		b := r.append(nil, c.copies, ptOpus, 2, 49440, []byte{0xdd, 4})
		if got := hex.EncodeToString(b); got != c.want {
			t.Errorf("%d copies: %s, want %s", c.copies, got, c.want)
		}
		blocks, err := parseRED(nil, b)
		if err != nil || len(blocks) != c.copies+1 {
			t.Fatalf("%d copies: %d blocks, %v", c.copies, len(blocks), err)
		}
		for i, b := range blocks {
			if b.payloadType != ptOpus || b.offset != uint32(480*(c.copies-i)) || b.data[0] != 0xdd {
				t.Errorf("%d copies: block %d is %+v", c.copies, i, b)
			}
		}
	}
}

var malformedRED = []string{
	"", "6f", "ef", "ef0780", "ef078003", "ef0780036f", "ef0780036fdd0303", // too short
	"ef0000016fdddd",           // a copy of itself
	"ef078001ef0f00016fdddddd", // in the wrong order
	"ef078001ef0780016fdddddd", // the same twice
	"ef200000ef1e0000ef1c0000ef1a0000ef180000ef160000ef140000ef1200006fdddd", // too many
}

func TestMalformedRED(t *testing.T) {
	for _, s := range malformedRED {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		if blocks, err := parseRED(nil, b); err == nil {
			t.Errorf("%s: %+v", s, blocks)
		}
	}
}

func FuzzRED(f *testing.F) {
	for _, c := range redGolden {
		b, _ := hex.DecodeString(c.want)
		f.Add(b)
	}
	for _, s := range malformedRED {
		b, _ := hex.DecodeString(s)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		blocks, err := parseRED(nil, b)
		if err != nil {
			return
		}
		var data []byte
		for _, b := range blocks {
			data = append(data, b.data...)
		}
		if len(blocks) > maxRedBlocks || !bytes.HasSuffix(b, data) || len(blocks[len(blocks)-1].data) == 0 {
			t.Errorf("%d blocks, %x of %x", len(blocks), data, b)
		}
	})
}

func TestHeardOnce(t *testing.T) {
	var h heard
	for i, c := range []struct {
		seq  uint16
		want bool
	}{
		{0xfffe, true}, {0xfffe, false}, {1, true}, {0xffff, true}, {0, true}, {0, false}, {0xffff, false},
		{200, true}, {1, false}, {137, true}, {137, false}, {136, false}, {199, true},
	} {
		if got := h.first(c.seq); got != c.want {
			t.Errorf("%d: packet %d: %v", i, c.seq, got)
		}
	}
}

// TestSoundSurvivesLoss sends sound through loss and counts what is missing:
// each packet comes once, and almost all do.
func TestSoundSurvivesLoss(t *testing.T) {
	const seed = 3
	for _, c := range []struct{ loss, missing float64 }{{0, 0}, {0.01, 0.002}, {0.05, 0.002}, {0.2, 0.005}} {
		rng := rand.New(rand.NewPCG(seed, 0))
		a, b := NewSession(SessionConfig{}), NewSession(SessionConfig{})
		ab := &wire{delay: 20 * time.Millisecond, loss: c.loss, rng: rng}
		ba := &wire{delay: 20 * time.Millisecond, loss: c.loss, rng: rng}
		sent := 0
		got := make(map[uint16]int)
		exchange(40*time.Second, a, b, ab, ba, func(now time.Time) {
			if now.UnixMilli()%10 == 0 {
				a.SendAudio(now, "opus", uint32(sent*480), bytes.Repeat([]byte{byte(sent)}, 60))
				sent++
			}
			for p, ok := b.PopSound(); ok; p, ok = b.PopSound() {
				got[p.Seq]++
				if p.Timestamp != uint32(p.Seq)*480 || len(p.Payload) != 60 || p.Payload[0] != byte(p.Seq) {
					t.Fatalf("seed %d: %+v", seed, p)
				}
			}
		})
		for seq, n := range got {
			if n != 1 {
				t.Errorf("seed %d, loss %v: packet %d came %d times", seed, c.loss, seq, n)
			}
		}
		missing := 1 - float64(len(got)+2)/float64(sent) // two are on their way
		if missing > c.missing {
			t.Errorf("seed %d, loss %v: %.4f of the sound is missing", seed, c.loss, missing)
		}
		if share := a.RepairShare(); (share == 0) != (c.loss == 0) {
			t.Errorf("seed %d, loss %v: repair takes %.3f", seed, c.loss, share)
		}
		if left := a.AudioLoss(); left > 0.02 {
			t.Errorf("seed %d, loss %v: %.4f said to be left", seed, c.loss, left)
		}
		if st := b.ReceiveStats(); st.Malformed != 0 {
			t.Errorf("%+v", st)
		}
	}
}
