package relay

import "encoding/binary"

// ChannelData messages (RFC 8656, section 12.4): number, length, data.
const (
	channelHeader = 4 // bytes
	firstChannel  = 0x4000
	lastChannel   = 0x4fff
)

// isChannelData says whether b begins like a ChannelData message: its first two bits
// tell it from STUN.
func isChannelData(b []byte) bool { return len(b) >= channelHeader && b[0]&0xc0 == 0x40 }

// parseChannelData returns the number and the data of a ChannelData message, ok
// false if it is none. Padding after the data is cut off.
func parseChannelData(b []byte) (number uint16, data []byte, ok bool) {
	if !isChannelData(b) {
		return 0, nil, false
	}
	number = binary.BigEndian.Uint16(b)
	length := int(binary.BigEndian.Uint16(b[2:]))
	if number > lastChannel || length > len(b)-channelHeader {
		return 0, nil, false
	}
	return number, b[channelHeader : channelHeader+length], true
}

// putChannelHeader makes b, which begins with room for it, a ChannelData message.
func putChannelHeader(b []byte, number uint16) []byte {
	binary.BigEndian.PutUint16(b, number)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)-channelHeader))
	return b
}
