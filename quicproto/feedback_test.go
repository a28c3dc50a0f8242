package quicproto

import (
	"testing"
	"time"

	"github.com/pion/rtcp"
)

// sentStory logs n video packets sent 10 ms apart and returns their times.
func sentStory(l *sentLog, n int) []time.Time {
	start := time.Unix(100, 0)
	var at []time.Time
	for i := range n {
		now := start.Add(time.Duration(i) * 10 * time.Millisecond)
		p := packet{ssrc: ssrcVideo, seq: uint16(i), data: make([]byte, 1000)}
		l.add(now, &p)
		at = append(at, now)
	}
	return at
}

// overTheWire marshals and parses a report.
func overTheWire(t *testing.T, r *rtcp.CCFeedbackReport) *rtcp.CCFeedbackReport {
	t.Helper()
	b, err := r.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	back := new(rtcp.CCFeedbackReport)
	if err := back.Unmarshal(b); err != nil {
		t.Fatal(err)
	}
	return back
}

func TestFeedbackTellsEachPacketOnce(t *testing.T) {
	const transit = 25 * time.Millisecond
	var sent sentLog
	var arrivals arrivalLog
	var clock reportClock
	times := sentStory(&sent, 100)
	seen := make(map[uint64]packetAck)
	for i, at := range times {
		if i%10 != 7 { // every tenth is lost
			arrivals.add(at.Add(transit), ssrcVideo, uint16(i))
		}
		if i%3 != 2 {
			continue
		}
		r := arrivals.report(at.Add(transit))
		if r == nil || i%9 == 8 {
			continue // a third of the reports are lost, too
		}
		for _, a := range sent.readReport(nil, &clock, overTheWire(t, r)) {
			if _, twice := seen[a.id]; twice {
				t.Errorf("packet %d was told of twice", a.id)
			}
			seen[a.id] = a
		}
	}
	var base time.Duration
	for i, at := range times[:90] {
		a, ok := seen[uint64(i+1)]
		if !ok {
			t.Errorf("packet %d was never told of", i)
			continue
		}
		if a.lost != (i%10 == 7) {
			t.Errorf("packet %d: lost is %v", i, a.lost)
		}
		if a.lost {
			continue
		}
		if i == 0 {
			base = a.arrival
		}
		if got, want := a.arrival-base, at.Sub(times[0]); (got - want).Abs() > 2*time.Millisecond {
			t.Errorf("packet %d arrived after %v, want %v", i, got, want)
		}
	}
}

func TestRoundTripLeavesOutTheReceiversPause(t *testing.T) {
	var sent sentLog
	var arrivals arrivalLog
	at := sentStory(&sent, 1)[0]
	arrivals.add(at.Add(20*time.Millisecond), ssrcVideo, 0)
	r := overTheWire(t, arrivals.report(at.Add(80*time.Millisecond)))
	rtt, ok := sent.roundTrip(at.Add(100*time.Millisecond), r)
	if want := 40 * time.Millisecond; !ok || (rtt-want).Abs() > 2*time.Millisecond {
		t.Errorf("round trip %v, want %v", rtt, want)
	}
}

func TestReportsFitADatagram(t *testing.T) {
	var arrivals arrivalLog
	now := time.Unix(1, 0)
	for ssrc := uint32(1); ssrc <= ssrcCount; ssrc++ {
		for i := range 5000 {
			arrivals.add(now, ssrc, uint16(i))
		}
	}
	b, err := arrivals.report(now).Marshal()
	if err != nil || len(b) > minDatagramSize-100 {
		t.Errorf("a report has %d bytes, %v", len(b), err)
	}
}

func TestSequenceNumbersWrap(t *testing.T) {
	var arrivals arrivalLog
	now := time.Unix(1, 0)
	for i := range 20 {
		arrivals.add(now, ssrcAudio, uint16(65530+i))
	}
	r := arrivals.report(now)
	if n := len(r.ReportBlocks[0].MetricBlocks); n != 20 || r.ReportBlocks[0].BeginSequence != 65530 {
		t.Errorf("reported %d packets from %d", n, r.ReportBlocks[0].BeginSequence)
	}
	if arrivals.add(now, ssrcAudio, 65535) {
		t.Error("a duplicate was taken for new")
	}
}

func TestFeedbackTellsOfOvertakenFirstPackets(t *testing.T) {
	var sent sentLog
	var arrivals arrivalLog
	var clock reportClock
	at := sentStory(&sent, 10)[9].Add(25 * time.Millisecond)
	for _, seq := range []uint16{3, 1, 0, 2, 4, 5, 6, 7, 8, 9} {
		arrivals.add(at, ssrcVideo, seq)
	}
	acks := sent.readReport(nil, &clock, overTheWire(t, arrivals.report(at)))
	if len(acks) != 10 || acks[0].lost || acks[9].lost {
		t.Errorf("%+v", acks)
	}
}
