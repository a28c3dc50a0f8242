package quicproto

import (
	"errors"
	"fmt"

	"github.com/quic-go/quic-go/quicvarint"
)

// Flow is the flow identifier that begins each datagram (RTP over QUIC,
// draft-ietf-avtcore-rtp-over-quic, section 5). One flow carries one kind of
// media in each direction.
type Flow uint64

// The flows of a link. Lower ones are sent first.
const (
	FlowAudio    Flow = 0 // RTP: sound
	FlowFeedback Flow = 1 // RTCP: arrival times, NACK, loss notification, sender reports
	FlowRepair   Flow = 2 // RTP: retransmissions (RFC 4588) and FEC
	FlowVideo    Flow = 3 // RTP: pictures
	flowCount         = 4
)

var flowNames = [flowCount]string{"audio", "feedback", "repair", "video"}

func (f Flow) String() string {
	if f < flowCount {
		return flowNames[f]
	}
	return fmt.Sprintf("flow %d", uint64(f))
}

var errUnknownFlow = errors.New("unknown flow")

// ParseDatagram splits a datagram into its flow and the RTP or RTCP packet that
// follows. The packet aliases b.
func ParseDatagram(b []byte) (Flow, []byte, error) {
	id, n, err := quicvarint.Parse(b)
	if err != nil {
		return 0, nil, fmt.Errorf("parse flow id: %w", err)
	}
	if id >= flowCount {
		return 0, nil, fmt.Errorf("%w %d", errUnknownFlow, id)
	}
	return Flow(id), b[n:], nil
}

func appendFlow(b []byte, f Flow) []byte { return quicvarint.Append(b, uint64(f)) }
