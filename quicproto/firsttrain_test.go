package quicproto

import (
	"testing"
	"time"

	"github.com/quic-go/quic-go/qlog"

	"github.com/skulltech/prattle/media"
)

func TestFirstTrain(t *testing.T) {
	type arrival struct {
		at     time.Duration
		kind   qlog.PacketType
		number int64
	}
	const initial, handshake = qlog.PacketTypeInitial, qlog.PacketTypeHandshake
	const size = 1250 - headersSize // 10,000 bits on the wire
	tests := []struct {
		name     string
		arrivals []arrival
		want     media.Bitrate
	}{
		{"fast path", []arrival{{0, initial, 0}, {ms, initial, 1}}, 0},
		{"60 kbit/s", []arrival{{0, initial, 0}, {166 * ms, initial, 1}}, 60 * media.Kbps},
		{"server's flight", []arrival{{0, initial, 0}, {100 * ms, handshake, 0}, {150 * ms, handshake, 1}}, 200 * media.Kbps},
		{"second packet lost and repeated", []arrival{{0, initial, 0}, {300 * ms, initial, 2}}, 0},
		{"first packet lost and repeated", []arrival{{0, initial, 1}, {300 * ms, initial, 2}}, 0},
		{"jitter", []arrival{{0, initial, 0}, {20 * ms, initial, 1}}, 0},
		{"the call itself", []arrival{{0, qlog.PacketType1RTT, 0}, {100 * ms, qlog.PacketType1RTT, 1}}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var f firstTrain
			epoch := time.Unix(0, 0)
			for _, a := range tt.arrivals {
				f.add(epoch.Add(a.at), qlog.PacketHeader{PacketType: a.kind, PacketNumber: qlog.PacketNumber(a.number)}, size)
			}
			got := f.thin()
			if diff := got - tt.want; diff < -media.Kbps || diff > media.Kbps {
				t.Errorf("path of %v, want %v", got, tt.want)
			}
		})
	}
}
