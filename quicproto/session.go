package quicproto

import (
	"time"

	"github.com/pion/rtcp"

	"github.com/skulltech/prattle/media"
)

// SessionConfig is what a Session starts with.
type SessionConfig struct {
	Start, Min, Max media.Bitrate // of all that is sent, on the wire; zero values get defaults
}

// Session is the media of one link, both ways, without I/O: datagrams and
// frames go in and come out, and time is passed in. It has one owner, which
// after each call asks Pop for datagrams to send, PopFrame and PopSound for
// what has arrived, and Next for when to call Advance.
type Session struct {
	sender   sender
	receiver receiver
	rtt      rttEstimate
	clocks   senderClocks

	pulse      pulse
	nextReport time.Time
	pictures   pictureWatch
	seqs       []uint16 // reused
	loss       *LossNotice
	peerLoss   []LossNotice
}

// LossNotice says that the receiver's picture stands still: what it last
// decoded, and that it needs a frame predicted from nothing later than that.
type LossNotice struct {
	HasDecoded  bool
	LastDecoded uint16 // picture ID
	// Abandoned says that the notice is our own: we will not send the pictures after
	// LastDecoded any more, of which the receiver could only complain later.
	Abandoned bool
}

// NewSession makes the media half of a link.
func NewSession(cfg SessionConfig) *Session {
	return &Session{sender: newSender(cfg), receiver: newReceiver()}
}

// SetStart tells, before anything was sent, what the other side saw of the path: a
// rate of 0 says nothing.
func (s *Session) SetStart(rate media.Bitrate) {
	if rate > 0 && s.sender.stats.Packets == 0 {
		s.sender.rate.setRate(min(startShare*float64(rate), float64(defaultStart)))
	}
}

// startShare is where a call on a thin path starts, of what the handshake showed of
// it: QUIC's acknowledgements go there too, and the first picture is larger than
// the others.
const startShare = 0.7

// SetMax changes, within the Max of the configuration, how much may be sent. What is
// known of the path stays known: a higher bound is used at once as far as the path
// takes it.
func (s *Session) SetMax(rate media.Bitrate) { s.sender.rate.ceiling = float64(rate) }

// Estimate is the bitrate on the wire that the path is believed to take, whatever of it
// may be used.
func (s *Session) Estimate() media.Bitrate { return media.Bitrate(s.sender.rate.rate) }

// SetMaxDatagram tells the largest datagram in bytes that the path carries.
func (s *Session) SetMaxDatagram(n int) { s.sender.maxDatagram = n }

// SendAudio queues one packet of sound; timestamp is RTP time at 48 kHz.
func (s *Session) SendAudio(now time.Time, codec string, timestamp uint32, payload []byte) {
	s.sender.sendAudio(now, codec, timestamp, payload)
}

// SendVideo queues a frame. The data is copied.
func (s *Session) SendVideo(now time.Time, f *media.EncodedFrame) error {
	s.dropLate(now)
	if !f.Captured.IsZero() {
		s.sendReports(now, &s.sender.reports.video, f.Timestamp, f.Captured)
	}
	return s.sender.sendVideo(now, f)
}

// dropLate gives up frames that waited for too long. What the other side will
// complain about when it notices, its owner hears at once.
func (s *Session) dropLate(now time.Time) {
	s.sender.stats.Stale += uint64(s.sender.queue.dropStale(now))
	if first, dropped := s.sender.dropLate(now); dropped {
		s.noteAbandoned(first)
	}
}

// noteAbandoned tells the owner that pictures from first on will not be sent.
func (s *Session) noteAbandoned(first uint16) {
	s.noteLoss(LossNotice{HasDecoded: true, LastDecoded: (first - 1) & media.FrameIDMask, Abandoned: true})
}

// NotifyLoss tells the other side, with the next Pop, that our picture stands
// still.
func (s *Session) NotifyLoss(now time.Time, n LossNotice) {
	s.loss = &n
	s.report(now)
}

// HandleDatagram takes a datagram that arrived at now. What is malformed is
// counted and dropped.
func (s *Session) HandleDatagram(now time.Time, b []byte) {
	if s.pulse.handleHeard(now) {
		s.revive()
	}
	flow, packet, err := ParseDatagram(b)
	switch {
	case err != nil:
		s.receiver.stats.Malformed++
	case flow == FlowFeedback:
		s.handleRTCP(now, packet)
	default:
		s.receiver.handleRTP(now, flow, packet)
	}
	if s.receiver.probed {
		s.receiver.probed = false
		s.nextReport = earliest(s.nextReport, now.Add(probeReport))
	}
	if begun := s.pictures.handle(now, flow); begun || s.nextReport.IsZero() {
		s.nextReport = earliest(s.nextReport, now.Add(s.reportInterval(now)))
	}
}

// revive goes on after an outage: from a picture that the other side has, if it
// has one.
func (s *Session) revive() {
	tx := &s.sender
	tx.rate.revive()
	tx.log.forget()
	tx.clearVideo()
	s.noteAbandoned(tx.log.frame)
}

// HandlePathChange forgets what was learnt of the path: packets take another one
// from now on.
func (s *Session) HandlePathChange(now time.Time) {
	s.sender.rate.handlePathChange()
	s.pulse.handleHeard(now)
}

// Dead reports whether the path seems to be cut: what is sent gets no feedback, and
// nothing else comes either. Pictures made now would be lost.
func (s *Session) Dead() bool { return s.pulse.dead() }

// Replay reports whether the last packets should be sent again now, see
// Conn.Replay.
func (s *Session) Replay(now time.Time) bool { return s.pulse.replay(now) }

func (s *Session) handleRTCP(now time.Time, b []byte) {
	s.receiver.stats.Packets++
	s.receiver.stats.Bytes += uint64(len(b) + 1 + overhead)
	packets, err := rtcp.Unmarshal(b)
	if err != nil {
		s.receiver.stats.Malformed++
		return
	}
	for _, p := range packets {
		switch p := p.(type) {
		case *rtcp.CCFeedbackReport:
			s.handleReport(now, p)
		case *rtcp.TransportLayerNack:
			s.handleNack(now, p)
		case *rtcp.ApplicationDefined:
			s.handleLossNotice(p)
		case *rtcp.SenderReport:
			s.clocks.handleReport(p)
		}
	}
}

func (s *Session) handleReport(now time.Time, r *rtcp.CCFeedbackReport) {
	tx := &s.sender
	if sample, ok := tx.log.roundTrip(now, r); ok {
		s.rtt.add(sample)
		tx.rtt = s.rtt.smoothed()
	}
	tx.log.crowded = tx.rate.crowded()
	tx.acks = tx.log.readReport(tx.acks[:0], &tx.clock, r)
	tx.rate.handleFeedback(now, tx.acks)
	s.dropLate(now)
}

func (s *Session) handleNack(now time.Time, n *rtcp.TransportLayerNack) {
	if n.MediaSSRC != ssrcVideo {
		return
	}
	tx := &s.sender
	s.seqs = s.seqs[:0]
	for i := range n.Nacks {
		s.seqs = append(s.seqs, n.Nacks[i].PacketList()...)
	}
	if first, dear := tx.dearRepair(s.seqs); dear {
		tx.abandonVideo()
		s.noteAbandoned(first)
		return
	}
	for _, seq := range s.seqs {
		tx.retransmit(now, seq)
	}
}

// maxLossNotices bounds what waits for the owner; only the latest matter.
const maxLossNotices = 4

func (s *Session) handleLossNotice(p *rtcp.ApplicationDefined) {
	n, ok := parseLossNotice(p)
	if !ok {
		s.receiver.stats.Malformed++
		return
	}
	s.noteLoss(n)
}

func (s *Session) noteLoss(n LossNotice) {
	if len(s.peerLoss) < maxLossNotices {
		s.peerLoss = append(s.peerLoss, n)
	}
}

// PopLoss returns the next notice that the other side's picture stands still, or
// is about to.
func (s *Session) PopLoss() (LossNotice, bool) {
	if len(s.peerLoss) == 0 {
		return LossNotice{}, false
	}
	n := s.peerLoss[0]
	s.peerLoss = s.peerLoss[1:]
	return n, true
}

// PopFrame returns the next complete frame that arrived, in order of
// completion.
func (s *Session) PopFrame() (media.EncodedFrame, bool) {
	r := &s.receiver
	if len(r.frames) == 0 {
		return media.EncodedFrame{}, false
	}
	f := r.frames[0]
	r.frames = append(r.frames[:0], r.frames[1:]...)
	return f, true
}

// PopSound returns the next packet of sound that arrived.
func (s *Session) PopSound() (SoundPacket, bool) {
	r := &s.receiver
	if len(r.sounds) == 0 {
		return SoundPacket{}, false
	}
	p := r.sounds[0]
	r.sounds = append(r.sounds[:0], r.sounds[1:]...)
	return p, true
}

// Pop returns the next datagram that may leave at now, nil if none may. It is
// valid until a few more have been popped.
func (s *Session) Pop(now time.Time) []byte { return s.sender.pop(now) }

// Delay tells that the datagram popped last had to wait for QUIC, for so long, and
// leaves now.
func (s *Session) Delay(now time.Time, waited time.Duration) { s.sender.delay(now, waited) }

// Advance does what is due at now.
func (s *Session) Advance(now time.Time) {
	tx := &s.sender
	tx.rate.advance(now)
	s.pulse.advance(now, s.silent())
	s.dropLate(now)
	tx.probe(now)
	due := s.nextNack()
	if !s.nextReport.IsZero() && !now.Before(s.nextReport) || !due.IsZero() && !now.Before(due) {
		s.report(now)
	}
}

// Next says when Advance or Pop has something to do; zero for never.
func (s *Session) Next(now time.Time) time.Time {
	next := earliest(s.nextReport, s.nextNack())
	next = earliest(next, s.sender.rate.next())
	return earliest(next, s.sender.queue.next(now))
}

// NextReplay says when Replay has something to do; zero for not now.
func (s *Session) NextReplay() time.Time { return s.pulse.next }

func (s *Session) nextNack() time.Time {
	return earliest(s.receiver.nacks.next(s.rtt.smoothed()), s.receiver.tail.due)
}

// earliest returns the earlier of two times, of which zero means never.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Feedback must be fresh enough for the other side to react within a round
// trip, and must not eat the link: about a twentieth of what we send.
const (
	maxReportInterval = 400 * time.Millisecond
	reportSize        = 150 // bytes on the wire, typically
	reportShare       = 20
	// probeReport is after how long a cluster of padding is told of: it is there then.
	probeReport = 25 * time.Millisecond
)

func (s *Session) reportInterval(now time.Time) time.Duration {
	d := reportShare * s.sender.rate.target().Time(reportSize)
	return min(max(d, s.pictures.reportInterval(now)), maxReportInterval)
}

// report sends the other side what it must know: arrival times, what is
// missing, and whether our picture stands still.
func (s *Session) report(now time.Time) {
	s.nextReport = now.Add(s.reportInterval(now))
	var packets []rtcp.Packet
	if r := s.receiver.arrivals.report(now); r != nil {
		packets = append(packets, r)
	}
	s.seqs = s.receiver.nacks.pop(now, s.rtt.smoothed(), s.seqs[:0])
	s.seqs = s.receiver.tail.pop(now, s.seqs)
	if len(s.seqs) > 0 {
		packets = append(packets, &rtcp.TransportLayerNack{MediaSSRC: ssrcVideo, Nacks: rtcp.NackPairsFromSequenceNumbers(s.seqs)})
	}
	if s.loss != nil {
		packets = append(packets, s.loss.packet())
		s.loss = nil
	}
	if len(packets) == 0 {
		return
	}
	b, err := rtcp.Marshal(packets)
	if err != nil {
		panic("quicproto: feedback of ours does not marshal: " + err.Error())
	}
	s.sender.sendFeedback(now, b)
}

// Target is the bitrate on the wire for all that is sent.
func (s *Session) Target() media.Bitrate { return s.sender.lanes.bound(s.sender.rate.target()) }

// Sustained is the target that will hold once a queue at the bottleneck has
// drained; at other times it is the target.
func (s *Session) Sustained() media.Bitrate {
	r := s.sender.rate
	return s.sender.lanes.bound(media.Bitrate(min(r.sustained(), r.most())))
}

// Backlog is how long what is queued will take to leave. A sender of pictures
// that finds it long does better to skip one than to add it.
func (s *Session) Backlog() time.Duration {
	return s.sender.rate.pacing().Time(s.sender.queue.backlog())
}

// RTT is the smoothed round trip, as feedback tells it.
func (s *Session) RTT() time.Duration { return s.rtt.smoothed() }

// LossRate is the share of our packets that are lost on their way, 0 to 1.
func (s *Session) LossRate() float64 { return s.sender.rate.lossRate() }

// AudioLoss is the share of our packets of sound that neither arrive nor are
// repeated by those after them, 0 to 1: what in-band FEC and concealment are
// left with.
func (s *Session) AudioLoss() float64 { return s.sender.audioLoss() }

// RepairShare is the share of what is sent that repairs losses, 0 to 1:
// retransmissions, FEC and repeated sound. Pictures have so much less than the
// target.
func (s *Session) RepairShare() float64 { return s.sender.share.share() }

// QueueDelay is how long our packets wait at the bottleneck, as feedback tells.
func (s *Session) QueueDelay() time.Duration { return s.sender.rate.queueDelay() }

// silent reports whether feedback has not come for longer than chance explains.
func (s *Session) silent() bool { return s.sender.rate.silence.halvings > 0 }

// WantLane says whether the connection should have one more lane now, whose lanes
// carry so much (Conn.Carry, asked only if something waits); it is then taken for opened.
// Not while we yield to a queue; but beside others who fill it, a window would close for
// half a round trip with each packet that overflows, and sound would wait.
func (s *Session) WantLane(now time.Time, carry func() media.Bitrate) bool {
	return s.sender.rate.yielding == nil && !s.silent() && s.sender.laneDemand.want(now, s.Target(), carry)
}

// SendStats returns what was sent so far.
func (s *Session) SendStats() SendStats { return s.sender.stats }

// ReceiveStats returns what was received so far.
func (s *Session) ReceiveStats() ReceiveStats {
	st := s.receiver.stats
	st.Nacks = s.receiver.nacks.asked
	st.NeedlessNacks = s.receiver.nacks.waste
	return st
}
