package quicproto

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/klauspost/reedsolomon"
)

// Forward error correction across the packets of a frame, by Reed-Solomon
// codes: of a block of data packets and its parity packets, any as many as
// there are data packets restore the rest. A parity packet's payload is
//
//	base (16) | data packets (8) | parity packets (8) | index among these (8) | shard
//
// where base is the sequence number of the first data packet, and data packet i
// enters the code as its length in 16 bits and its whole RTP packet, padded
// with zeros to the longest.
const (
	maxBlockData   = 40 // packets: beyond it more of them protect little better
	maxBlockParity = 40
	fecHeadSize    = 5
	fecLengthSize  = 2
	// fecRoom is by how many bytes a parity packet's datagram exceeds the largest
	// that it protects.
	fecRoom = rtpSize + fecHeadSize + fecLengthSize
)

type fecHeader struct {
	base                uint16
	data, parity, index int
}

func (h fecHeader) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, h.base)
	return append(b, byte(h.data), byte(h.parity), byte(h.index))
}

var errFEC = errors.New("malformed parity packet")

// parseFEC splits a parity packet's payload into header and shard.
func parseFEC(b []byte) (h fecHeader, shard []byte, err error) {
	if len(b) <= fecHeadSize+fecLengthSize+rtpSize {
		return h, nil, errFEC
	}
	h = fecHeader{binary.BigEndian.Uint16(b), int(b[2]), int(b[3]), int(b[4])}
	if h.data < 1 || h.data > maxBlockData || h.parity < 1 || h.parity > maxBlockParity || h.index >= h.parity {
		return h, nil, errFEC
	}
	return h, b[fecHeadSize:], nil
}

// appendShard appends an RTP packet in the form in which it enters the code.
func appendShard(b, rtp []byte, size int) []byte {
	n := len(b)
	b = binary.BigEndian.AppendUint16(b, uint16(len(rtp)))
	b = append(b, rtp...)
	for len(b) < n+size {
		b = append(b, 0)
	}
	return b
}

// parseShard returns the RTP packet in a restored shard.
func parseShard(b []byte) ([]byte, error) {
	n := int(binary.BigEndian.Uint16(b))
	if n > len(b)-fecLengthSize {
		return nil, errFEC
	}
	return b[fecLengthSize : fecLengthSize+n], nil
}

// fecCodes keeps the codes in use: to make one takes longer than to use it.
type fecCodes struct {
	codes map[[2]int]reedsolomon.Encoder
}

// maxCodes bounds what is kept; a call needs far fewer.
const maxCodes = 64

func (c *fecCodes) code(data, parity int) reedsolomon.Encoder {
	key := [2]int{data, parity}
	if code := c.codes[key]; code != nil {
		return code
	}
	// One goroutine: the packets are few. No cache of inverted matrices: it grows
	// with each pattern of loss.
	code, err := reedsolomon.New(data, parity, reedsolomon.WithMaxGoroutines(1), reedsolomon.WithInversionCache(false))
	if err != nil {
		panic(fmt.Sprintf("quicproto: no code for %d data and %d parity packets: %v", data, parity, err))
	}
	if len(c.codes) >= maxCodes || c.codes == nil {
		c.codes = make(map[[2]int]reedsolomon.Encoder)
	}
	c.codes[key] = code
	return code
}

// protection decides how many parity packets a block gets. What a frame must
// not have for the sake of the whole is saved up, so that the share of parity
// packets comes out right for frames of a few packets, too.
type protection struct {
	on     bool
	credit float64 // parity packets
}

const (
	// fecFrom is the loss from which pictures are protected, fecUntil that below
	// which they are not any more.
	fecFrom  = 0.005
	fecUntil = 0.003
	// frameLoss is the share of frames that may be left to retransmission where that
	// takes usualRTT: each also holds up the one after it, and they must stay under
	// the 95th percentile. Where a retransmission takes longer, fewer may, at least
	// minFrameLoss; where it is quick, most.
	frameLoss    = 0.02
	minFrameLoss = 0.0005
	usualRTT     = 40 * time.Millisecond
	// baseParity + parityPerLoss times the loss is the greatest share of parity
	// packets, relative to the data; farParity times that where the round trip is
	// farRTT and more, and each retransmission a freeze.
	baseParity    = 0.1
	parityPerLoss = 4.5
	maxParity     = 1
	farParity     = 2.4
	farRTT        = 150 * time.Millisecond
	// creditFrames is for how many frames saved credit lasts.
	creditFrames = 3
)

// tolerableFrameLoss is the share of frames that may be left to retransmission. It falls
// with the square of the round trip, as each then also stands for longer.
func tolerableFrameLoss(rtt time.Duration) float64 {
	x := float64(usualRTT) / float64(max(rtt, time.Millisecond))
	x *= x
	if x > 1 {
		x *= math.Sqrt(x)
	}
	return min(max(frameLoss*x, minFrameLoss), 1)
}

// choose is the number of parity packets for a block of k data packets, one of
// blocks that make up a frame.
func (p *protection) choose(k, blocks int, m lossModel, rtt time.Duration) int {
	before := p.on
	p.on = m.rate >= fecFrom || before && m.rate >= fecUntil
	switch {
	case !p.on:
		return 0
	case !before:
		p.credit = 1 // as if it had been saved up
	}
	share := min(baseParity+parityPerLoss*m.rate, maxParity) * farness(rtt)
	p.credit = min(p.credit+share*float64(k), creditFrames*(1+share*float64(k)))
	n := leastParity(k, min(int(p.credit), maxBlockParity), m, tolerableFrameLoss(rtt)/float64(blocks))
	p.credit -= float64(n)
	return n
}

// farness grows from 1 at usualRTT to farParity at farRTT.
func farness(rtt time.Duration) float64 {
	x := float64(rtt-usualRTT) / float64(farRTT-usualRTT)
	return 1 + (farParity-1)*min(max(x, 0), 1)
}

// leastParity is the least number of parity packets, at most most, with which a
// block of k data packets is lost with no more than a probability.
func leastParity(k, most int, m lossModel, tolerable float64) int {
	var c lossCount
	c.begin(m)
	for range k {
		c.add(m)
	}
	n := 0
	for ; n < most && c.more(n) > tolerable; n++ {
		c.add(m)
	}
	return n
}

// lossCount is the distribution of the number of losses among consecutive
// packets of Gilbert's model.
type lossCount struct {
	packets int
	// The probability of so many losses, after a packet that arrived, and after one
	// that did not.
	good, bad [maxBlockData + maxBlockParity + 1]float64
}

func (c *lossCount) begin(m lossModel) {
	c.good[0], c.bad[0] = 1-m.rate, m.rate
}

// add counts one more packet.
func (c *lossCount) add(m lossModel) {
	enter := m.rate * (1 - m.again) / math.Max(1-m.rate, 1-maxAgain)
	c.packets++
	for j := c.packets; j >= 0; j-- {
		lost := 0.0
		if j > 0 {
			lost = c.good[j-1]*enter + c.bad[j-1]*m.again
		}
		c.good[j] = c.good[j]*(1-enter) + c.bad[j]*(1-m.again)
		c.bad[j] = lost
	}
}

// more is the probability of more than n losses.
func (c *lossCount) more(n int) float64 {
	sum := 0.0
	for j := n + 1; j <= c.packets; j++ {
		sum += c.good[j] + c.bad[j]
	}
	return sum
}
