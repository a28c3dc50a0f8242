package quicproto

import (
	"encoding/binary"
	"errors"
	"math"
	"time"

	"github.com/skulltech/prattle/media"
)

// Redundant sound: each packet repeats the ones before it (RFC 2198).
//
//	 0                   1                    2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3  4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|1|  payload type |  timestamp offset (14)    | length (10)     | each copy, oldest first
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|0|  payload type | the packet's own payload type; then the data of all
//
// Blocks are of consecutive packets: the k-th from the end is that of the
// sequence number k less.
const (
	maxCopies    = 3
	copyRing     = 4 // packets kept: a power of two, so that sequence numbers wrap
	redCopyHead  = 4
	redOwnHead   = 1
	maxRedOffset = 1<<14 - 1
	maxRedLength = 1<<10 - 1
	redFollows   = 0x80
	maxRedBlocks = 8 // more is no sound of ours, nor of anybody
	redTypeMask  = 0x7f
)

// redundancy decides how many copies each packet of sound carries, and keeps
// what they are made of.
type redundancy struct {
	recent [copyRing]soundCopy // by sequence number
	copies int                 // wanted
	calm   time.Time           // since when fewer would do; zero: they would not
	// carried is how many the latest packet had.
	carried int
}

type soundCopy struct {
	held        bool
	payloadType uint8
	seq         uint16
	timestamp   uint32
	data        []byte
}

const (
	// tolerableSoundLoss is the share of packets that may be missing after the
	// copies: one in ten seconds, well concealed.
	tolerableSoundLoss = 0.001
	// redFrom is the loss below which sound is left to concealment.
	redFrom = 0.005
	// redDoubt is how much greater the loss is taken to be before copies are given
	// up, and redCalm how long that must have been so.
	redDoubt = 1.5
	redCalm  = 5 * time.Second
	// redShare is the greatest share of the target that copies take.
	redShare = 0.25
)

// copiesFor is the least number of copies that leave tolerable loss.
func copiesFor(m lossModel) int {
	if m.rate < redFrom {
		return 0
	}
	for n := 1; n < maxCopies; n++ {
		if m.lossAfter(n) <= tolerableSoundLoss {
			return n
		}
	}
	return maxCopies
}

// lossAfter is the share of packets of which neither they nor any of n copies,
// one in each of the packets that follow, arrive.
func (m lossModel) lossAfter(n int) float64 { return m.rate * math.Pow(m.again, float64(n)) }

// choose adapts the number of copies to the loss: more at once, fewer when that
// has been enough for a while.
func (r *redundancy) choose(now time.Time, m lossModel) {
	if n := copiesFor(m); n >= r.copies {
		if n > r.copies {
			r.calm = time.Time{}
		}
		r.copies = n
	}
	if copiesFor(lossModel{m.rate * redDoubt, min(m.again*redDoubt, maxAgain)}) >= r.copies {
		r.calm = time.Time{}
		return
	}
	if r.calm.IsZero() {
		r.calm = now
	}
	if now.Sub(r.calm) >= redCalm {
		r.copies--
		r.calm = now
	}
}

// fit is how many copies a packet with a sequence number and timestamp can
// carry: those at hand that fit the header, room bytes, and their share of the
// target.
func (r *redundancy) fit(seq uint16, timestamp uint32, room int, target media.Bitrate) (n, size int) {
	for before := uint32(0); n < r.copies; {
		c := r.find(seq - uint16(n+1))
		if c == nil || len(c.data) > maxRedLength {
			break
		}
		offset := timestamp - c.timestamp
		larger := size + redCopyHead + len(c.data)
		if offset <= before || offset > maxRedOffset || larger > room {
			break
		}
		// The copies of a packet are paid for in the time between two packets.
		between := media.SampleTime(int(offset)) / time.Duration(n+1)
		if larger > media.Bitrate(redShare*float64(target)).Bytes(between) {
			break
		}
		n, size, before = n+1, larger, offset
	}
	return n, size
}

func (r *redundancy) find(seq uint16) *soundCopy {
	c := &r.recent[int(seq)%copyRing]
	if !c.held || c.seq != seq {
		return nil
	}
	return c
}

// append appends the payload of a RED packet with n copies.
func (r *redundancy) append(b []byte, n int, payloadType uint8, seq uint16, timestamp uint32, payload []byte) []byte {
	for k := n; k > 0; k-- {
		c := r.find(seq - uint16(k))
		head := uint32(redFollows|c.payloadType)<<24 | (timestamp-c.timestamp)<<10 | uint32(len(c.data))
		b = binary.BigEndian.AppendUint32(b, head)
	}
	b = append(b, payloadType)
	for k := n; k > 0; k-- {
		b = append(b, r.find(seq-uint16(k)).data...)
	}
	return append(b, payload...)
}

// keep remembers a packet for the copies to come.
func (r *redundancy) keep(payloadType uint8, seq uint16, timestamp uint32, payload []byte) {
	c := &r.recent[int(seq)%copyRing]
	*c = soundCopy{true, payloadType, seq, timestamp, append(c.data[:0], payload...)}
}

// redBlock is one packet of sound inside a RED packet.
type redBlock struct {
	payloadType uint8
	offset      uint32 // of its timestamp, backwards; 0 for the packet's own
	data        []byte
}

var errRED = errors.New("malformed redundant sound")

// parseRED splits a payload into its blocks, oldest first, appending to blocks.
// Their data alias b.
func parseRED(blocks []redBlock, b []byte) ([]redBlock, error) {
	sizes := [maxRedBlocks]int{}
	n, size, before := 0, 0, uint32(maxRedOffset+1)
	for ; len(b) > 0 && b[0]&redFollows != 0; n++ {
		if len(b) < redCopyHead || n == maxRedBlocks-1 {
			return blocks, errRED
		}
		head := binary.BigEndian.Uint32(b)
		offset := head >> 10 & maxRedOffset
		if offset == 0 || offset >= before {
			return blocks, errRED // not the packets before, in order
		}
		before = offset
		sizes[n] = int(head & maxRedLength)
		size += sizes[n]
		blocks = append(blocks, redBlock{payloadType: uint8(head>>24) & redTypeMask, offset: offset})
		b = b[redCopyHead:]
	}
	if len(b) <= redOwnHead+size {
		return blocks, errRED
	}
	blocks = append(blocks, redBlock{payloadType: b[0]})
	sizes[n] = len(b) - redOwnHead - size
	b = b[redOwnHead:]
	own := blocks[len(blocks)-n-1:]
	for i := range own {
		own[i].data, b = b[:sizes[i]], b[sizes[i]:]
	}
	return blocks, nil
}

// heard remembers which of the latest packets of sound were passed on, as
// themselves or as copies.
type heard struct {
	started bool
	newest  uint16
	before  uint64 // bit i: newest-i
}

// heardWindow is how far back copies and latecomers may lie, in packets.
const heardWindow = 64

// first records seq and says whether it is news.
func (h *heard) first(seq uint16) bool {
	if !h.started {
		*h = heard{true, seq, 1}
		return true
	}
	if ahead := seq - h.newest; seqBefore(h.newest, seq) {
		h.newest = seq
		h.before = h.before<<ahead | 1 // a shift by 64 or more leaves 0
		return true
	}
	back := h.newest - seq
	if back >= heardWindow || h.before>>back&1 != 0 {
		return false
	}
	h.before |= 1 << back
	return true
}
