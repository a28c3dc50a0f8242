package quicproto

import (
	"time"

	"github.com/pion/rtcp"

	"github.com/skulltech/prattle/media"
)

// senderReports tells the other side how the RTP times of sound and of pictures go
// with one clock, so that it can play them together (RFC 3550 section 6.4.1).
type senderReports struct {
	began    time.Time // the clock runs from its wall time, and never steps
	sent     time.Time // last
	interval time.Duration
	audio    reportedStream
	video    reportedStream
}

// reportedStream is what a report says of one stream.
type reportedStream struct {
	ssrc      uint32
	rate      int64     // of its RTP clock, in Hz
	timestamp uint32    // RTP time of what was captured last,
	captured  time.Time // and when that was; zero: nothing yet
	packets   uint32
	octets    uint32 // of payload
}

const (
	// senderInterval is the time between two reports, firstSenderInterval that
	// between the first two, which may be lost; it doubles from one to the next.
	senderInterval      = time.Second
	firstSenderInterval = 100 * time.Millisecond
	// reportedFor is for how long a stream is reported that has stopped.
	reportedFor = 5 * time.Second
	// clockStep is by how much capture times may stray from RTP time before it is
	// told at once: noise of the devices is less, a device that began anew is not.
	clockStep = 5 * time.Millisecond

	audioClock = media.SampleRate
	videoClock = 90000
)

func newSenderReports() senderReports {
	return senderReports{
		interval: firstSenderInterval,
		audio:    reportedStream{ssrc: ssrcAudio, rate: audioClock},
		video:    reportedStream{ssrc: ssrcVideo, rate: videoClock},
	}
}

// handleCaptured notes when something was captured.
func (r *senderReports) handleCaptured(s *reportedStream, timestamp uint32, captured time.Time) {
	moved := time.Duration(int32(timestamp-s.timestamp)) * time.Second / time.Duration(s.rate)
	if s.captured.IsZero() || (moved-captured.Sub(s.captured)).Abs() > clockStep {
		r.interval = firstSenderInterval
	}
	s.timestamp, s.captured = timestamp, captured
}

// handleSent counts what leaves.
func (r *senderReports) handleSent(p *packet) {
	for _, s := range []*reportedStream{&r.audio, &r.video} {
		if s.ssrc == p.ssrc {
			s.packets++
			s.octets += uint32(len(p.payload()))
		}
	}
}

// pop writes the reports that are due; nil if none are. Both are written at once, so
// that they agree on the time.
func (r *senderReports) pop(now time.Time) []rtcp.Packet {
	if now.Sub(r.sent) < r.interval {
		return nil
	}
	if r.began.IsZero() {
		r.began = now
	}
	r.sent, r.interval = now, min(2*r.interval, senderInterval)
	var packets []rtcp.Packet
	for _, s := range []*reportedStream{&r.audio, &r.video} {
		if now.Sub(s.captured) < reportedFor {
			packets = append(packets, s.report(now, r.began))
		}
	}
	return packets
}

func (s *reportedStream) report(now, began time.Time) *rtcp.SenderReport {
	since := now.Sub(s.captured)
	return &rtcp.SenderReport{
		SSRC:        s.ssrc,
		NTPTime:     ntpTime(began, now.Sub(began)),
		RTPTime:     s.timestamp + uint32(since*time.Duration(s.rate)/time.Second),
		PacketCount: s.packets,
		OctetCount:  s.octets,
	}
}

// ntpEpoch is the zero of NTP time, 1 January 1900, in Unix seconds.
const ntpEpoch = -2208988800

// ntpTime is the time so long after began in the form of NTP: 32.32 seconds.
func ntpTime(began time.Time, elapsed time.Duration) uint64 {
	at := began.Add(elapsed)
	return uint64(at.Unix()-ntpEpoch)<<32 | uint64(at.Nanosecond())<<32/uint64(time.Second)
}

// ntpDuration is NTP time as a duration since its zero, to the nanosecond.
func ntpDuration(t uint64) time.Duration {
	return time.Duration(t>>32)*time.Second + time.Duration(t&0xffffffff*uint64(time.Second)>>32)
}

// senderClocks are the latest readings of the other side's clock.
type senderClocks struct {
	audio, video reading
}

type reading struct {
	media.ClockReading
	ok bool
}

func (c *senderClocks) handleReport(r *rtcp.SenderReport) {
	told := reading{media.ClockReading{Timestamp: r.RTPTime, Captured: ntpDuration(r.NTPTime)}, true}
	switch r.SSRC {
	case ssrcAudio:
		c.audio = told
	case ssrcVideo:
		c.video = told
	}
}

// AudioClock is what the other side said last of when its sound was captured; not
// ok before it said any.
func (s *Session) AudioClock() (r media.ClockReading, ok bool) {
	return s.clocks.audio.ClockReading, s.clocks.audio.ok
}

// VideoClock says the same of its pictures.
func (s *Session) VideoClock() (r media.ClockReading, ok bool) {
	return s.clocks.video.ClockReading, s.clocks.video.ok
}

// StampAudio notes that sound with that RTP time was heard at captured, by the clock
// of SendVideo's frames. It is called with each SendAudio.
func (s *Session) StampAudio(now time.Time, timestamp uint32, captured time.Time) {
	s.sendReports(now, &s.sender.reports.audio, timestamp, captured)
}

// sendReports notes when something was captured, and tells the other side if that is
// due.
func (s *Session) sendReports(now time.Time, of *reportedStream, timestamp uint32, captured time.Time) {
	r := &s.sender.reports
	r.handleCaptured(of, timestamp, captured)
	packets := r.pop(now)
	if len(packets) == 0 {
		return
	}
	b, err := rtcp.Marshal(packets)
	if err != nil {
		panic("quicproto: sender reports of ours do not marshal: " + err.Error())
	}
	s.sender.sendFeedback(now, b)
}
