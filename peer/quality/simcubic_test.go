package quality

import (
	"encoding/binary"
	"errors"
	"net"
	"time"

	"github.com/skulltech/prattle/quicproto/quictest"
)

// simulatedDownload is a download by TCP Cubic from one host of a simulated network
// to another.
type simulatedDownload struct {
	near, far net.PacketConn
	*quictest.Cubic
}

// ackSize is that of an acknowledgement, and udpHeaders what the network adds to
// payloads of either kind, in bytes on the wire.
const (
	ackSize    = 60
	udpHeaders = 28
)

func newSimulatedDownload(n *quictest.Network, host int) *simulatedDownload {
	return &simulatedDownload{n.Socket(host), n.Socket(host + 1), quictest.NewCubic()}
}

// start begins the download.
func (d *simulatedDownload) start() {
	go d.routineAcknowledge()
	go d.routineSend()
}

func (d *simulatedDownload) routineAcknowledge() {
	for b := make([]byte, quictest.CubicSegment); ; {
		if _, _, err := d.far.ReadFrom(b); err != nil {
			return
		}
		d.far.WriteTo(b[:ackSize-udpHeaders], d.near.LocalAddr())
	}
}

// routineSend owns the sender. It wakes when something arrives, or some times a
// second.
func (d *simulatedDownload) routineSend() {
	segment := make([]byte, quictest.CubicSegment-udpHeaders)
	var due time.Time
	for b := make([]byte, ackSize); ; {
		for n, ok := d.Send(time.Now()); ok; n, ok = d.Send(time.Now()) {
			binary.BigEndian.PutUint64(segment, uint64(n))
			d.near.WriteTo(segment, d.far.LocalAddr())
		}
		d.near.SetReadDeadline(due)
		switch _, _, err := d.near.ReadFrom(b); {
		case err == nil:
			d.Acknowledged(time.Now(), int(binary.BigEndian.Uint64(b)))
		case errors.Is(err, net.ErrClosed):
			return
		}
		if now := time.Now(); !now.Before(due) {
			d.Advance(now)
			due = now.Add(50 * time.Millisecond)
		}
	}
}

func (d *simulatedDownload) close() {
	d.near.Close()
	d.far.Close()
}
