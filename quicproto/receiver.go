package quicproto

import (
	"time"

	"github.com/pion/rtp"

	"github.com/skulltech/prattle/media"
)

// receiver is the incoming half of a Session: it notes arrivals, asks for what
// is missing and puts frames together.
type receiver struct {
	arrivals  arrivalLog
	probed    bool // padding has come
	nacks     nackTracker
	assembler assembler
	fec       fecReceiver
	wait      fecWait
	tail      tailWatch
	heard     heard
	blocks    []redBlock // reused
	seqs      []uint16   // reused

	frames []media.EncodedFrame
	sounds []SoundPacket

	stats ReceiveStats
}

// SoundPacket is one received packet of sound.
type SoundPacket struct {
	Codec     string
	Seq       uint16
	Timestamp uint32 // RTP time, 48 kHz
	Payload   []byte
	Received  time.Time
}

// ReceiveStats counts what arrived since the start. Bytes are those on the wire.
type ReceiveStats struct {
	Packets, Bytes uint64
	VideoBytes     uint64
	Duplicates     uint64
	Malformed      uint64 // datagrams that are not what their flow should carry
	Repaired       uint64 // lost packets that were mended in time
	Nacks          uint64 // packets asked for again
	NeedlessNacks  uint64 // of those, the ones that came by themselves
}

// maxPending bounds what waits to be taken by the owner of a Session, in frames
// and in packets of sound.
const maxPending = 128

func newReceiver() receiver { return receiver{assembler: newAssembler()} }

// handleRTP takes an RTP packet of one of the media flows.
func (r *receiver) handleRTP(now time.Time, flow Flow, b []byte) {
	r.stats.Packets++
	r.stats.Bytes += uint64(len(b) + 1 + overhead)
	var h rtp.Header
	n, err := h.Unmarshal(b)
	if err != nil || h.SSRC != flowSSRC(flow) && (h.SSRC != ssrcFEC || flow != FlowRepair) {
		r.stats.Malformed++
		return
	}
	payload := b[n:]
	if !r.arrivals.add(now, h.SSRC, h.SequenceNumber) {
		r.stats.Duplicates++
		return
	}
	switch flow {
	case FlowAudio:
		r.handleAudio(now, &h, payload)
	case FlowVideo:
		r.stats.VideoBytes += uint64(len(b) + 1 + overhead)
		r.fec.hold(h.SequenceNumber, b)
		r.handleVideo(now, &h, payload, false)
		r.repair(now, r.fec.covering(h.SequenceNumber))
	case FlowRepair:
		r.handleRepair(now, &h, payload)
	}
}

func flowSSRC(f Flow) uint32 {
	switch f {
	case FlowAudio:
		return ssrcAudio
	case FlowVideo:
		return ssrcVideo
	}
	return ssrcRepair
}

func (r *receiver) handleAudio(now time.Time, h *rtp.Header, payload []byte) {
	if h.PayloadType == ptRED {
		r.handleRED(now, h, payload)
		return
	}
	if r.heard.first(h.SequenceNumber) {
		r.addSound(now, h.PayloadType, h.SequenceNumber, h.Timestamp, payload)
	}
}

// handleRED takes apart a packet that repeats the ones before it. Of these it
// passes on what is news.
func (r *receiver) handleRED(now time.Time, h *rtp.Header, payload []byte) {
	var err error
	if r.blocks, err = parseRED(r.blocks[:0], payload); err != nil {
		r.stats.Malformed++
		return
	}
	for i, b := range r.blocks {
		seq := h.SequenceNumber - uint16(len(r.blocks)-1-i)
		if len(b.data) == 0 || !r.heard.first(seq) {
			continue
		}
		if i < len(r.blocks)-1 {
			r.stats.Repaired++
		}
		r.addSound(now, b.payloadType, seq, h.Timestamp-b.offset, b.data)
	}
}

func (r *receiver) addSound(now time.Time, payloadType uint8, seq uint16, timestamp uint32, payload []byte) {
	codec, err := audioCodecByType(payloadType)
	if err != nil || len(payload) == 0 {
		r.stats.Malformed++
		return
	}
	if len(r.sounds) >= maxPending {
		r.sounds = append(r.sounds[:0], r.sounds[1:]...)
	}
	r.sounds = append(r.sounds, SoundPacket{codec, seq, timestamp, payload, now})
}

// handleVideo takes a video packet, original or repaired.
func (r *receiver) handleVideo(now time.Time, h *rtp.Header, payload []byte, repaired bool) {
	format, err := videoFormatByType(h.PayloadType)
	if err != nil {
		r.stats.Malformed++
		return
	}
	desc, data, err := format.parse(payload)
	if err != nil {
		r.stats.Malformed++
		return
	}
	if desc.start {
		readReferences(h, &desc)
	}
	if !repaired {
		r.wait.handleVideo(now, h.SequenceNumber, r.nacks.highest, h.Timestamp, desc.start)
	}
	r.nacks.handle(now, h.SequenceNumber, repaired)
	if !repaired && h.SequenceNumber == r.nacks.highest {
		r.tail.handleVideo(now, h.SequenceNumber, h.Marker, r.wait.quiet)
	}
	r.awaitParity(now)
	f, ok := r.assembler.handle(videoPacket{
		seq: h.SequenceNumber, timestamp: h.Timestamp, last: h.Marker,
		desc: desc, data: data, codec: format.codec, received: now,
	})
	if !ok {
		return
	}
	if len(r.frames) >= maxPending {
		r.frames = append(r.frames[:0], r.frames[1:]...)
	}
	r.frames = append(r.frames, f)
}

// handleRepair restores the original of a retransmission (RFC 4588).
func (r *receiver) handleRepair(now time.Time, h *rtp.Header, payload []byte) {
	if h.SSRC == ssrcFEC {
		r.handleParity(now, h, payload)
		return
	}
	if h.PayloadType == ptRTX && h.Padding {
		r.probed = true // it was to be seen how it arrives
		return
	}
	if h.PayloadType != ptRTX || len(payload) < repairHead {
		r.stats.Malformed++
		return
	}
	original := *h
	original.SequenceNumber = uint16(payload[0])<<8 | uint16(payload[1])
	original.PayloadType = payload[2]
	original.SSRC = ssrcVideo
	if r.nacks.wants(original.SequenceNumber) {
		r.stats.Repaired++
	}
	r.handleVideo(now, &original, payload[repairHead:], true)
	r.holdOriginal(now, &original, payload[repairHead:])
}
