package relay

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

var errBadFrame = errors.New("neither STUN nor ChannelData")

const stunHeader = 20 // bytes

// readFrame reads a STUN or ChannelData message from a stream (RFC 8656, section
// 12.5) into p, with the padding that follows ChannelData there. What does not fit
// is an error, and so is anything else: the stream has lost its sense then.
func readFrame(r *bufio.Reader, p []byte) (int, error) {
	head, err := r.Peek(channelHeader)
	if err != nil {
		return 0, err
	}
	length := int(binary.BigEndian.Uint16(head[2:]))
	switch {
	case head[0]&0xc0 == 0 && length%4 == 0:
		length += stunHeader
	case isChannelData(head):
		length = paddedLength(length + channelHeader)
	default:
		return 0, errBadFrame
	}
	if length >= len(p) {
		return 0, errBadFrame
	}
	return io.ReadFull(r, p[:length])
}

// paddedLength is n rounded up to a multiple of four.
func paddedLength(n int) int { return (n + 3) &^ 3 }

// appendPadded appends a message with its padding to b.
func appendPadded(b, message []byte) []byte {
	b = append(b, message...)
	return append(b, make([]byte, paddedLength(len(message))-len(message))...)
}
