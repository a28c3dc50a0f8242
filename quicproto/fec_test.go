package quicproto

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
)

func TestLossCountIsBinomial(t *testing.T) {
	const n, p = 8, 0.1
	var c lossCount
	c.begin(lossModel{p, p})
	for range n {
		c.add(lossModel{p, p})
	}
	sum, choose := 0.0, 1.0
	for k := range n + 1 {
		sum += choose * math.Pow(p, float64(k)) * math.Pow(1-p, float64(n-k))
		choose = choose * float64(n-k) / float64(k+1)
		if got := c.more(k); math.Abs(got-(1-sum)) > 1e-9 {
			t.Errorf("more than %d of %d lost: %v, want %v", k, n, got, 1-sum)
		}
	}
}

// TestProtectionFollowsLossAndPath checks the mean share of parity packets.
func TestProtectionFollowsLossAndPath(t *testing.T) {
	const near, usual, far = 10 * time.Millisecond, 40 * time.Millisecond, 200 * time.Millisecond
	for _, c := range []struct {
		k        int
		m        lossModel
		rtt      time.Duration
		min, max float64
	}{
		{6, lossModel{0, 0}, usual, 0, 0},
		{6, lossModel{0.002, 0.002}, far, 0, 0},
		{6, lossModel{0.01, 0.01}, usual, 0.1, 0.17},
		{6, lossModel{0.05, 0.05}, usual, 0.25, 0.34},
		{6, lossModel{0.1, 0.1}, usual, 0.4, 0.56},
		{6, lossModel{0.2, 0.2}, usual, 0.7, 1},
		{20, lossModel{0.05, 0.05}, usual, 0.1, 0.25},
		{6, lossModel{0.01, 0.01}, near, 0, 0},
		{6, lossModel{0.05, 0.05}, near, 0, 0.01},
		{6, lossModel{0.02, 0.02}, usual, 0.16, 0.2},
		{6, lossModel{0.02, 0.02}, far, 0.28, 0.36},
		{6, lossModel{0.05, 0.75}, usual, 0.2, 0.34},
		{1, lossModel{0.05, 0.05}, usual, 0.25, 0.34},
		{40, lossModel{0.9, 0.95}, far, 0.9, 1},
	} {
		var p protection
		sum := 0
		for range 100 {
			sum += p.choose(c.k, 1, c.m, c.rtt)
		}
		if share := float64(sum) / float64(100*c.k); share < c.min || share > c.max {
			t.Errorf("%d packets, %+v, %v: parity %.3f of the data", c.k, c.m, c.rtt, share)
		}
	}
}

var fecGolden = []struct {
	b    string
	want fecHeader
}{
	{"fffe" + "06" + "02" + "01" + "000102030405060708090a0b0c0d0e0f", fecHeader{0xfffe, 6, 2, 1}},
	{"0000" + "28" + "28" + "27" + "000102030405060708090a0b0c0d0e0f", fecHeader{0, 40, 40, 39}},
}

var malformedFEC = []string{
	"", "fffe060201", "fffe060201" + "0001020304050607", // too short
	"fffe" + "00" + "02" + "01" + "000102030405060708090a0b0c0d0e0f", // no data
	"fffe" + "29" + "02" + "01" + "000102030405060708090a0b0c0d0e0f", // too many
	"fffe" + "06" + "00" + "00" + "000102030405060708090a0b0c0d0e0f", // no parity
	"fffe" + "06" + "29" + "01" + "000102030405060708090a0b0c0d0e0f", // too many
	"fffe" + "06" + "02" + "02" + "000102030405060708090a0b0c0d0e0f", // of which this is none
}

func unhex(t testing.TB, s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestParityOnTheWire(t *testing.T) {
	for _, c := range fecGolden {
		h, shard, err := parseFEC(unhex(t, c.b))
		if err != nil || h != c.want || hex.EncodeToString(append(h.append(nil), shard...)) != c.b {
			t.Errorf("%s: %+v, %v", c.b, h, err)
		}
	}
	for _, s := range malformedFEC {
		if h, _, err := parseFEC(unhex(t, s)); err == nil {
			t.Errorf("%s: %+v", s, h)
		}
	}
}

// frameDatagrams returns the datagrams of frames of some sizes, with parity for
// a path of much loss, data first.
func frameDatagrams(t testing.TB, sizes ...int) [][]byte {
	s := NewSession(SessionConfig{})
	s.sender.log.losses.slow = 0.2
	now := time.Unix(1, 0)
	var all [][]byte
	for i, size := range sizes {
		f := frameOf(uint16(i), size)
		for i := range f.Data {
			f.Data[i] = byte(i * 7)
		}
		f.Keyframe, f.Timestamp = true, uint32(i+1)*90000
		if err := s.SendVideo(now, &f); err != nil {
			t.Fatal(err)
		}
		for range 1000 {
			now = now.Add(time.Millisecond)
			for p := s.Pop(now); p != nil; p = s.Pop(now) {
				all = append(all, bytes.Clone(p))
			}
		}
	}
	return all
}

func isParity(b []byte) bool { return b[0] == byte(FlowRepair) }

// TestAnyAsManyRestoreAFrame drops random packets, as many as there are parity
// packets, delivers the rest in random order, and wants the frame.
func TestAnyAsManyRestoreAFrame(t *testing.T) {
	const seed = 9
	rng := rand.New(rand.NewPCG(seed, 0))
	for _, size := range []int{100, 2500, 6250, 20000, 35000} {
		all := frameDatagrams(t, size)
		parity := 0
		for _, b := range all {
			if isParity(b) {
				parity++
			}
			if len(b) > minDatagramSize {
				t.Errorf("a datagram of %d bytes", len(b))
			}
		}
		if parity == 0 {
			t.Fatalf("no parity for %d bytes", size)
		}
		for range 20 {
			rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			s := NewSession(SessionConfig{})
			now := time.Unix(2, 0)
			for _, b := range all[parity:] {
				now = now.Add(100 * time.Microsecond)
				s.HandleDatagram(now, b)
			}
			f, ok := s.PopFrame()
			if !ok || len(f.Data) != size || f.Timestamp != 90000 || !f.Keyframe || f.Data[size-1] != byte((size-1)*7) {
				t.Fatalf("seed %d: frame of %d bytes without %d of %d packets: %v, %+v", seed, size, parity, len(all), ok, s.ReceiveStats())
			}
			if _, again := s.PopFrame(); again || s.ReceiveStats().Malformed != 0 {
				t.Fatalf("seed %d: twice %v, %+v", seed, again, s.ReceiveStats())
			}
		}
	}
}

// TestLargeFramesAreProtectedInBlocks loses a packet of each block.
func TestLargeFramesAreProtectedInBlocks(t *testing.T) {
	all := frameDatagrams(t, 100000)
	s := NewSession(SessionConfig{})
	now, fresh, lost := time.Unix(2, 0), true, 0
	for _, b := range all {
		now = now.Add(100 * time.Microsecond)
		if fresh && !isParity(b) {
			fresh = false
			lost++
			continue
		}
		fresh = isParity(b)
		s.HandleDatagram(now, b)
	}
	if f, ok := s.PopFrame(); !ok || len(f.Data) != 100000 || lost < 3 {
		t.Errorf("%d blocks, %v, %+v", lost, ok, s.ReceiveStats())
	}
}

func TestWhatFECMayRestoreIsNotAskedFor(t *testing.T) {
	const lost = 2 // the third of each frame but the first
	s := NewSession(SessionConfig{})
	now, n := time.Unix(2, 0), 0
	for _, b := range frameDatagrams(t, 6250, 6250, 6250, 6250) {
		now = now.Add(3 * time.Millisecond)
		s.Advance(now)
		if n++; isParity(b) {
			n = 0
		} else if n == lost+1 && s.ReceiveStats().Packets > lost+1 {
			continue
		}
		s.HandleDatagram(now, b)
	}
	s.Advance(now.Add(time.Second))
	if st := s.ReceiveStats(); st.Nacks != 0 || st.Repaired != 3 {
		t.Errorf("%+v", st)
	}
}

// TestFECSparesRetransmissions sends pictures through loss: nearly all come
// without a request.
func TestFECSparesRetransmissions(t *testing.T) {
	const seed, frames = 7, 600
	for _, loss := range []float64{0, 0.01, 0.05, 0.1, 0.2} {
		t.Run(fmt.Sprint(loss), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 0))
			cfg := SessionConfig{Start: 2 * media.Mbps, Max: 2500 * media.Kbps}
			a, b := NewSession(cfg), NewSession(cfg)
			ab := &wire{delay: 20 * time.Millisecond, loss: loss, rng: rng}
			ba := &wire{delay: 20 * time.Millisecond, rng: rng}
			sent, late := 0, 0
			at := make(map[uint16]time.Time)
			exchange(21*time.Second, a, b, ab, ba, func(now time.Time) {
				if now.UnixMilli()%33 == 0 && sent < frames {
					f := frameOf(uint16(sent), int(5000*(1-a.RepairShare())))
					if err := a.SendVideo(now, &f); err != nil {
						t.Fatal(err)
					}
					at[f.ID] = now
					sent++
				}
				for f, ok := b.PopFrame(); ok; f, ok = b.PopFrame() {
					if now.Sub(at[f.ID]) > 55*time.Millisecond {
						late++
					}
					delete(at, f.ID)
				}
			})
			tx, rx := a.SendStats(), b.ReceiveStats()
			t.Logf("loss %v: %d late, %d requests, %d restored, repair takes %.3f", loss, late, rx.Nacks, rx.Repaired, a.RepairShare())
			if len(at) != 0 || rx.Malformed != 0 || late > sent*5/100 {
				t.Errorf("seed %d: %d of %d frames late, %d missing, %+v", seed, late, sent, len(at), rx)
			}
			if loss == 0 && (rx.Repaired != 0 || a.RepairShare() != 0 || tx.Retransmitted != 0) {
				t.Errorf("seed %d: a clean link is protected: %+v", seed, tx)
			}
		})
	}
}

func FuzzFEC(f *testing.F) {
	all := frameDatagrams(f, 2500)
	for _, b := range all {
		f.Add(b, byte(0))
	}
	for _, c := range fecGolden {
		f.Add(append([]byte{2, 0x80, ptFEC, 0, 0, 0, 0, 0, 0, 0, 0, 0, ssrcFEC}, unhex(f, c.b)...), byte(3))
	}
	f.Fuzz(func(t *testing.T, b []byte, skip byte) {
		s := NewSession(SessionConfig{})
		now := time.Unix(1, 0)
		for i, d := range all {
			if i != int(skip)%len(all) {
				s.HandleDatagram(now, d)
			}
			if i == len(all)/2 {
				s.HandleDatagram(now, b)
			}
		}
		open := 0
		for i := range s.receiver.fec.blocks {
			if s.receiver.fec.blocks[i].open {
				open++
			}
		}
		if open != s.receiver.fec.open {
			t.Errorf("%d blocks are open, %d counted", open, s.receiver.fec.open)
		}
	})
}

// BenchmarkFEC is what the parity of a 720p picture costs: once made, and once
// used to restore two packets of six.
func BenchmarkFEC(b *testing.B) {
	all := frameDatagrams(b, 6250)
	b.Run("protect", func(b *testing.B) {
		s := NewSession(SessionConfig{Start: 20 * media.Mbps})
		s.sender.log.losses.slow = 0.1
		now := time.Unix(1, 0)
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			f := media.EncodedFrame{Codec: "vp9", ID: uint16(i) & media.FrameIDMask, Keyframe: true, Timestamp: uint32(i) * 3000, Data: all[0][:900]}
			f.Data = slices.Concat(f.Data, f.Data, f.Data, f.Data, f.Data, f.Data)
			if err := s.SendVideo(now, &f); err != nil {
				b.Fatal(err)
			}
			for range 33 {
				now = now.Add(time.Millisecond)
				for s.Pop(now) != nil {
				}
			}
		}
	})
	b.Run("restore", func(b *testing.B) {
		b.ReportAllocs()
		s := newReceiver()
		now := time.Unix(1, 0)
		for b.Loop() {
			s.fec = fecReceiver{codes: s.fec.codes}
			s.arrivals, s.frames, s.assembler = arrivalLog{}, s.frames[:0], newAssembler()
			for _, d := range all[2:] {
				s.handleRTP(now, Flow(d[0]), d[1:])
			}
			if len(s.frames) != 1 {
				b.Fatal("not restored")
			}
		}
	})
}
