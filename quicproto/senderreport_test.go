package quicproto

import (
	"testing"
	"time"

	"github.com/pion/rtcp"

	"github.com/skulltech/prattle/media"
)

// reportStory is one side that sends sound and pictures, and what it reports.
type reportStory struct {
	tx, rx  *Session
	begin   time.Time
	reports []*rtcp.SenderReport
}

func newReportStory() *reportStory {
	return &reportStory{tx: NewSession(SessionConfig{}), rx: NewSession(SessionConfig{}), begin: time.Unix(1700000000, 250e6)}
}

// deliver moves what is due at now to the other side and returns how many datagrams
// of feedback were among it.
func (s *reportStory) deliver(now time.Time) (feedback int) {
	for b := s.tx.Pop(now); b != nil; b = s.tx.Pop(now) {
		s.rx.HandleDatagram(now, b)
		flow, packet, err := ParseDatagram(b)
		if err != nil || flow != FlowFeedback {
			continue
		}
		feedback++
		packets, _ := rtcp.Unmarshal(packet)
		for _, p := range packets {
			if r, ok := p.(*rtcp.SenderReport); ok {
				s.reports = append(s.reports, r)
			}
		}
	}
	return feedback
}

// TestSenderReportsTieFlowsToOneClock: with what the reports say, sound and picture
// captured at one moment are found to belong together, whatever their RTP times.
func TestSenderReportsTieFlowsToOneClock(t *testing.T) {
	audioBase, videoBase := 1<<32-30000, 1<<32-100000 // both wrap within seconds
	s := newReportStory()
	for at := time.Duration(0); at < 5*time.Second; at += 10 * time.Millisecond {
		now := s.begin.Add(at)
		captured := now.Add(-10 * time.Millisecond) // of the first sample
		ts := uint32(audioBase + media.SamplesIn(at))
		s.tx.StampAudio(now, ts, captured)
		s.tx.SendAudio(now, "opus", ts, []byte{1, 2, 3})
		if at%(30*time.Millisecond) == 0 {
			f := frameOf(uint16(at/(30*time.Millisecond)), 100)
			f.Captured, f.Timestamp = now.Add(-4*time.Millisecond), uint32(videoBase+int(at*9/100000))
			if err := s.tx.SendVideo(now, &f); err != nil {
				t.Fatal(err)
			}
		}
		s.deliver(now)
	}
	audio, ok1 := s.rx.AudioClock()
	video, ok2 := s.rx.VideoClock()
	if !ok1 || !ok2 {
		t.Fatal("no reports came")
	}
	// Sound captured at 2 s has RTP time audioBase plus 2.01 s, a picture videoBase
	// plus 2.004 s.
	sound := audio.Captured + media.SampleTime(int(int32(uint32(audioBase+media.SamplesIn(2010*time.Millisecond))-audio.Timestamp)))
	pictureTicks := int32(uint32(videoBase+2004*90) - video.Timestamp)
	picture := video.Captured + time.Duration(pictureTicks)*time.Second/90000
	if d := sound - picture; d.Abs() > time.Millisecond {
		t.Errorf("sound and picture of one moment are %v apart", d)
	}
	wall := s.begin.Add(2 * time.Second).Sub(time.Unix(ntpEpoch, 0))
	if d := sound - wall; d.Abs() > time.Millisecond {
		t.Errorf("the clock is off NTP time by %v", d)
	}
}

func TestSenderReportsAreFewAndCount(t *testing.T) {
	s := newReportStory()
	feedback, sent := 0, uint32(0)
	for at := time.Duration(0); at < 10*time.Second; at += 10 * time.Millisecond {
		now, ts := s.begin.Add(at), uint32(media.SamplesIn(at))
		s.tx.StampAudio(now, ts, now)
		s.tx.SendAudio(now, "opus", ts, []byte{1, 2, 3})
		sent++
		feedback += s.deliver(now)
	}
	if feedback < 11 || feedback > 15 {
		t.Errorf("%d reports in 10 s, want about one a second and some more at the beginning", feedback)
	}
	last := s.reports[len(s.reports)-1]
	if last.SSRC != ssrcAudio || last.PacketCount < sent-100 || last.PacketCount > sent || last.OctetCount != 3*last.PacketCount {
		t.Errorf("after %d packets of 3 bytes it says %d packets, %d bytes, of SSRC %d", sent, last.PacketCount, last.OctetCount, last.SSRC)
	}
	s.reports = nil
	for at := 10 * time.Second; at < 20*time.Second; at += 10 * time.Millisecond {
		s.deliver(s.begin.Add(at))
	}
	if len(s.reports) != 0 {
		t.Errorf("%d reports while nothing is sent", len(s.reports))
	}
}

// TestSenderReportsFollowANewDevice: when RTP time leaps, as it does with a
// microphone that began anew, the other side soon knows.
func TestSenderReportsFollowANewDevice(t *testing.T) {
	s := newReportStory()
	const leap = 5 * time.Second
	var off time.Duration
	for at := time.Duration(0); at < leap+200*time.Millisecond; at += 10 * time.Millisecond {
		now, ts := s.begin.Add(at), uint32(media.SamplesIn(at))
		if at > leap {
			ts = uint32(media.SamplesIn(at - leap))
		}
		s.tx.StampAudio(now, ts, now)
		s.deliver(now)
		if r, ok := s.rx.AudioClock(); ok {
			off = r.Captured + media.SampleTime(int(int32(ts-r.Timestamp))) - now.Sub(time.Unix(ntpEpoch, 0))
		}
	}
	if off.Abs() > time.Millisecond {
		t.Errorf("the other side's idea of the clock is off by %v", off)
	}
}

func TestNTPTime(t *testing.T) {
	for _, at := range []time.Time{time.Unix(0, 0), time.Unix(1700000000, 1), time.Unix(1700000000, 999999999), time.Unix(2085978495, 5e8)} {
		want := time.Duration(at.Unix()-ntpEpoch)*time.Second + time.Duration(at.Nanosecond())
		if got := ntpDuration(ntpTime(at, 0)); (got - want).Abs() > time.Nanosecond {
			t.Errorf("%v: %v after 1900, want %v", at, got, want)
		}
	}
	if got := ntpDuration(1<<64 - 1); got < 0 {
		t.Errorf("the last moment is %v", got)
	}
}
