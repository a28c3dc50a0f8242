package quicproto

import (
	"encoding/binary"

	"github.com/pion/rtcp"
)

// A LossNotice travels as an RTCP APP packet (RFC 3550 section 6.7) named
// "LOSS": the picture ID last decoded in 16 bits, or noneDecoded, and 16 bits
// of zero.
const (
	lossName    = "LOSS"
	lossSize    = 4
	noneDecoded = 0xffff // no picture ID: those have 15 bits
)

func (n LossNotice) packet() *rtcp.ApplicationDefined {
	id := uint16(noneDecoded)
	if n.HasDecoded {
		id = n.LastDecoded
	}
	data := make([]byte, lossSize)
	binary.BigEndian.PutUint16(data, id)
	return &rtcp.ApplicationDefined{Name: lossName, Data: data}
}

func parseLossNotice(p *rtcp.ApplicationDefined) (LossNotice, bool) {
	if p.Name != lossName || len(p.Data) != lossSize {
		return LossNotice{}, false
	}
	id := binary.BigEndian.Uint16(p.Data)
	if id == noneDecoded {
		return LossNotice{}, true
	}
	return LossNotice{HasDecoded: true, LastDecoded: id & 0x7fff}, true
}
