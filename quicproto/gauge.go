package quicproto

import (
	"context"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/qlog"
	"github.com/quic-go/quic-go/qlogwriter"

	"github.com/skulltech/prattle/media"
)

// gauge reads a QUIC connection's congestion window, what has left it and how its
// handshake arrived, from the events that quic-go offers to qlog.
type gauge struct {
	mu       sync.Mutex
	window   int    // bytes; 0 before the first news
	inFlight int    // bytes
	left     uint64 // datagrams put on the wire
	first    firstTrain
	changed  chan struct{}
}

func newGauge() *gauge { return &gauge{changed: make(chan struct{}, 1)} }

// packetSize is about the largest QUIC packet in bytes.
const packetSize = 1280

// read says whether the window has room for a packet, and how many datagrams
// have left so far.
func (g *gauge) read() (room bool, left uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.window == 0 || g.inFlight+packetSize <= g.window, g.left
}

// RecordEvent implements qlogwriter.Recorder. It is called by the connection's
// goroutine and must be quick.
func (g *gauge) RecordEvent(e qlogwriter.Event) {
	switch e := e.(type) {
	case qlog.MetricsUpdated:
		g.update(func() { g.window, g.inFlight = e.CongestionWindow, e.BytesInFlight })
	case qlog.PacketReceived:
		g.mu.Lock()
		g.first.add(time.Now(), e.Header, e.Raw.Length)
		g.mu.Unlock()
	case qlog.PacketSent:
		if n := datagramsIn(e.Frames); n > 0 {
			g.update(func() { g.left += n })
		}
	}
}

// thinPath returns the rate at which the handshake came if the path is thin, else
// 0.
func (g *gauge) thinPath() media.Bitrate {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.first.thin()
}

func datagramsIn(frames []qlog.Frame) (n uint64) {
	for _, f := range frames {
		if _, ok := f.Frame.(*qlog.DatagramFrame); ok {
			n++
		}
	}
	return n
}

func (g *gauge) update(change func()) {
	g.mu.Lock()
	change()
	g.mu.Unlock()
	select {
	case g.changed <- struct{}{}:
	default:
	}
}

// Close implements qlogwriter.Recorder.
func (g *gauge) Close() error { return nil }

// AddProducer implements qlogwriter.Trace: whatever a connection has to report
// goes to the gauge itself.
func (g *gauge) AddProducer() qlogwriter.Recorder { return g }

// SupportsSchemas implements qlogwriter.Trace; the gauge reads quic-go's own.
func (g *gauge) SupportsSchemas(string) bool { return true }

type gaugeKey struct{}

// withGauge puts a new gauge where tracer finds it.
func withGauge(ctx context.Context) (context.Context, *gauge) {
	g := newGauge()
	return context.WithValue(ctx, gaugeKey{}, g), g
}

// tracer gives each connection the gauge that waits for it in its context.
func tracer(ctx context.Context, _ bool, _ quic.ConnectionID) qlogwriter.Trace {
	if g, ok := ctx.Value(gaugeKey{}).(*gauge); ok {
		return g
	}
	return nil
}
