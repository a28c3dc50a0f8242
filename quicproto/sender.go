package quicproto

import (
	"time"

	"github.com/pion/rtp"

	"github.com/skulltech/prattle/media"
)

// sender is the outgoing half of a Session: it numbers, packetises, queues,
// paces and repairs what is sent. A packet's way through it:
//
//	sendVideo -> packetise -> protect -> queue -> pop -> log -> datagram
//	                ring <- retransmit <- NACK ┘  └-> rate <- feedback
type sender struct {
	queue sendQueue
	log   sentLog
	rate  *rateControl
	clock reportClock
	acks  []packetAck // reused

	audio, video, repair, feedback stream
	red                            redundancy
	fec                            fecSender
	share                          repairShare
	reports                        senderReports
	rtt                            time.Duration // as last measured

	lanes       laneLimit
	laneDemand  laneDemand
	popped      *packet // last; it may be used again for another packet meanwhile
	maxDatagram int
	videoSize   int // of the packets of the frame under way, at most
	stats       SendStats
}

// stream numbers the packets of one SSRC and keeps the latest.
type stream struct {
	ssrc uint32
	seq  uint16 // of the next packet
	ring packetRing
}

// How many packets of each stream are kept (powers of two). Video must last for
// as long as a NACK may ask for it, and for what the queue may hold.
const (
	videoRing    = 1024
	audioRing    = 64
	repairRing   = 512
	feedbackRing = 64
)

// SendStats counts what left since the start. Bytes are those on the wire.
type SendStats struct {
	Packets, Bytes uint64
	VideoBytes     uint64
	Retransmitted  uint64 // packets
	FramesDropped  uint64 // frames that missed their deadline in the queue
	Stale          uint64 // other packets that did
}

func newSender(cfg SessionConfig) sender {
	return sender{
		queue:       sendQueue{pace: newPacer(cfg.Start)},
		rate:        newRateControl(rateConfig(cfg)),
		audio:       stream{ssrc: ssrcAudio, ring: newPacketRing(audioRing)},
		video:       stream{ssrc: ssrcVideo, ring: newPacketRing(videoRing)},
		repair:      stream{ssrc: ssrcRepair, ring: newPacketRing(repairRing)},
		fec:         newFECSender(),
		reports:     newSenderReports(),
		rtt:         defaultRTT,
		feedback:    stream{ring: newPacketRing(feedbackRing)},
		maxDatagram: minDatagramSize,
	}
}

// begin starts the next RTP packet of the stream.
func (s *stream) begin(flow Flow, h rtp.Header) *packet {
	h.Version = 2
	h.SSRC, h.SequenceNumber = s.ssrc, s.seq
	p := s.ring.slot(s.seq)
	p.begin(flow, &h)
	s.seq++
	return p
}

// sendAudio queues one packet of sound, with copies of those before it if the
// path loses such.
func (s *sender) sendAudio(now time.Time, codec string, timestamp uint32, payload []byte) {
	h := rtp.Header{PayloadType: audioPayloadTypes[codec], Timestamp: timestamp}
	own, seq := h.PayloadType, s.audio.seq
	s.red.choose(now, s.expectedLoss(ssrcAudio))
	room := s.maxDatagram - 1 - rtpSize - redOwnHead - len(payload)
	n, size := s.red.fit(seq, timestamp, room, s.rate.target())
	s.red.carried = n
	if n > 0 {
		h.PayloadType = ptRED
		size += redOwnHead
	}
	p := s.audio.begin(FlowAudio, h)
	if n > 0 {
		p.data = s.red.append(p.data, n, own, seq, timestamp, payload)
	} else {
		p.data = append(p.data, payload...)
	}
	p.redundant = size
	s.queue.push(now, p)
	s.red.keep(own, seq, timestamp, payload)
}

// audioLoss is the share of sound that is lost in spite of copies.
func (s *sender) audioLoss() float64 {
	return s.expectedLoss(ssrcAudio).lossAfter(s.red.carried)
}

// expectedLoss is how packets of a stream are lost that leave now. What was seen
// of late does not tell where others fill the queue: it overflows every few seconds.
// Pictures are protected when it is about to, sound, which costs little, all the time.
func (s *sender) expectedLoss(ssrc uint32) lossModel {
	m := s.log.losses.model(ssrc)
	if s.rate.brimming() || ssrc == ssrcAudio && s.rate.contest != nil {
		m.rate, m.again = max(m.rate, overflowLoss.rate), max(m.again, overflowLoss.again)
	}
	return m
}

// sendVideo packetises a frame and queues its packets.
func (s *sender) sendVideo(now time.Time, f *media.EncodedFrame) error {
	format, err := videoFormatByCodec(f.Codec)
	if err != nil {
		return err
	}
	s.videoSize = videoPacketSize(s.rate.target(), s.maxDatagram)
	s.fec.begin((len(f.Data) + s.videoRoom() - 1) / s.videoRoom())
	expiry := now.Add(frameDeadline + 3*s.rate.target().Time(len(f.Data)))
	for rest, first := f.Data, true; first || len(rest) > 0; first = false {
		rest = s.packetise(now, expiry, format, f, rest, first)
		s.protect(now, f.Timestamp, len(rest) == 0)
	}
	return nil
}

// packetise queues the next packet of a frame and returns what is left of it.
// The packets of a frame are of about equal size: a small last one costs as
// much overhead and is lost as easily.
func (s *sender) packetise(now, expiry time.Time, format *videoFormat, f *media.EncodedFrame, rest []byte, first bool) []byte {
	h := rtp.Header{PayloadType: format.payloadType, Timestamp: f.Timestamp}
	if first && format.payloadType != ptVP9 {
		setReferences(&h, f)
	}
	p := s.video.begin(FlowVideo, h)
	p.frame, p.expiry, p.target = f.ID, expiry, s.rate.target()
	mark := len(p.data)
	p.data = format.append(p.data, f, first, false)
	room := max(s.videoSize-fecRoom-len(p.data), 1)
	n := len(rest)
	if n > room {
		count := (n + room - 1) / room
		n = (n + count - 1) / count
	}
	if n == len(rest) {
		p.data = format.append(p.data[:mark], f, first, true)
		p.data[p.head-rtpSize-extensionSize(&h)+1] |= 0x80 // RTP marker
	}
	p.data = append(p.data, rest[:n]...)
	s.queue.push(now, p)
	return rest[n:]
}

// videoRoom is about how many bytes of a frame a packet holds.
func (s *sender) videoRoom() int { return videoRoom(s.videoSize) }

// videoRoom is about how many bytes of a frame a datagram of that size holds.
func videoRoom(size int) int {
	const heads = 1 + rtpSize + 8 // flow, RTP, and a usual payload descriptor
	return size - fecRoom - heads
}

const (
	// videoPacketTime is how long one packet of video may hold up sound at a
	// bottleneck of the present rate.
	videoPacketTime = 25 * time.Millisecond
	// minVideoPacket is where the overhead of small packets costs more than the time
	// they save, in bytes.
	minVideoPacket = 320
)

// VideoPayload is about how many bytes of a frame a packet holds when all that is
// sent may take so much.
func VideoPayload(target media.Bitrate) int {
	return videoRoom(videoPacketSize(target, maxDatagramSize))
}

// videoPacketSize is the largest datagram of video to make, in bytes.
func videoPacketSize(rate media.Bitrate, maxDatagram int) int {
	return min(max(rate.Bytes(videoPacketTime)-overhead, minVideoPacket), maxDatagram)
}

// frameDeadline is how long a frame may wait in the queue. Later it would only
// stand in the way of fresher ones, and a new start from a long-term reference
// costs no more than an ordinary frame.
// What the frame itself takes to leave comes on top, with the sound in between:
// the first one does not fit a thin path any faster.
const frameDeadline = 200 * time.Millisecond

// outgrownDelay is how long the video queue may take to leave while a queue drains
// at the bottleneck. More was made for a rate that the link has no more: a frame
// made for the present rate is there earlier than the rest of that one.
const outgrownDelay = 120 * time.Millisecond

// outgrownShare is by how much the target at which a frame was made must exceed what
// the link carries: a frame that is small for it is not made smaller by another try.
const outgrownShare = 1.5

// dropLate empties the video queue if its head has missed its deadline, or if the
// link has become too slow for it: the frames behind it depend on it. It returns
// the ID of the first frame dropped.
func (s *sender) dropLate(now time.Time) (first uint16, dropped bool) {
	q := &s.queue.flows[FlowVideo]
	if q.len() == 0 || now.Before(q.front().expiry) && !s.outgrown(q) {
		return 0, false
	}
	first = q.front().frame
	s.stats.FramesDropped++
	s.clearVideo()
	return first, true
}

// clearVideo drops what waits in the video queue. Its sequence numbers are used
// again, so that nobody asks for what was never sent.
func (s *sender) clearVideo() {
	q := &s.queue.flows[FlowVideo]
	for q.len() > 0 {
		if p := q.pop(); p.ssrc == ssrcVideo && seqBefore(p.seq, s.video.seq) {
			s.video.seq = p.seq
		}
	}
}

func (s *sender) outgrown(q *packetFIFO) bool {
	return s.rate.congested() && s.rate.sustained() > thinRate &&
		float64(q.front().target) > outgrownShare*s.rate.sustained() && s.rate.pacing().Time(q.bytes) > outgrownDelay
}

// abandonVideo gives up all pictures made so far.
func (s *sender) abandonVideo() {
	s.clearVideo()
	s.stats.FramesDropped++
	for i := range s.video.ring.slots {
		s.video.ring.slots[i].abandoned = true
	}
}

// sendFeedback queues an RTCP packet.
func (s *sender) sendFeedback(now time.Time, b []byte) {
	f := &s.feedback
	p := f.ring.slot(f.seq)
	*p = packet{data: p.data[:0], flow: FlowFeedback, seq: f.seq}
	f.seq++
	p.data = append(appendFlow(p.data, FlowFeedback), b...)
	s.queue.push(now, p)
}

// pop returns the next datagram that may leave now, nil if none may.
func (s *sender) pop(now time.Time) []byte {
	s.queue.pace.setRate(s.rate.pacing())
	p := s.queue.pop(now)
	if p == nil {
		return nil
	}
	s.popped = p
	s.stats.Packets++
	s.stats.Bytes += uint64(p.wireSize())
	s.share.add(now, p.wireSize(), p.redundant)
	s.reports.handleSent(p)
	if p.flow == FlowVideo {
		s.stats.VideoBytes += uint64(p.wireSize())
	}
	if p.ssrc != 0 {
		id := s.log.add(now, p)
		s.rate.handleSent(now, sentPacket{id: id, size: p.wireSize(), probe: p.probe, picture: p.flow == FlowVideo})
	}
	return p.data
}

// delay notes that the datagram popped last has left only now.
func (s *sender) delay(now time.Time, waited time.Duration) {
	p := s.popped
	if p == nil {
		return
	}
	s.lanes.handleSent(now, p.wireSize(), waited)
	s.laneDemand.handleSent(now, waited)
	if p.ssrc != 0 {
		p.sent = now
		s.log.delay(now, p)
		s.rate.delaySent(now)
	}
}
