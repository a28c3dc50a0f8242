package rendezvous

import (
	"bufio"
	"context"
	"errors"
	"io"
	"time"

	"github.com/quic-go/quic-go/quicvarint"
)

// wire is the stream of messages between a client and a server. One goroutine
// calls receive and one run; send is for all.
type wire struct {
	link   link
	stream stream
	reader *bufio.Reader
	out    chan []byte // messages with their lengths
}

// maxOutgoing bounds the messages that wait for a slow reader: some hundred KiB
// at worst.
const maxOutgoing = 32

var errQueueFull = errors.New("too many messages wait to be sent")

func newWire(l link) *wire { return &wire{link: l, out: make(chan []byte, maxOutgoing)} }

// attach gives the wire its stream, before run and receive.
func (w *wire) attach(s stream) { w.stream, w.reader = s, bufio.NewReader(s) }

// send queues a message. It does not block.
func (w *wire) send(m message) error {
	b, err := frame(m)
	if err != nil {
		return err
	}
	select {
	case w.out <- b:
		return nil
	default:
		return errQueueFull
	}
}

// sendWhenDue queues a message when there is room, or the connection has ended.
func (w *wire) sendWhenDue(m message) error {
	b, err := frame(m)
	if err != nil {
		return err
	}
	select {
	case w.out <- b:
		return nil
	case <-w.link.Context().Done():
		return w.cause(nil)
	}
}

// frame encodes a message with its length.
func frame(m message) ([]byte, error) {
	b, err := marshal(m)
	if err != nil {
		return nil, err
	}
	return append(quicvarint.Append(make([]byte, 0, 4+len(b)), uint64(len(b))), b...), nil
}

// run writes what is queued until the connection ends.
func (w *wire) run() {
	for {
		select {
		case b := <-w.out:
			w.stream.SetWriteDeadline(time.Now().Add(writeTimeout))
			if _, err := w.stream.Write(b); err != nil {
				w.close(closeSlow)
				return
			}
		case <-w.link.Context().Done():
			return
		}
	}
}

// receive waits for the next message that we know; those of unknown kinds are
// skipped. Before it reads the n bytes of a message it calls pace, which may wait.
// An error means that the connection cannot be used any further.
func (w *wire) receive(pace func(n int) error) (message, error) {
	for {
		n, err := quicvarint.Read(w.reader)
		if err != nil {
			return nil, w.cause(err)
		}
		if n > maxMessage {
			return nil, errMessageTooLong
		}
		if err := pace(int(n)); err != nil {
			return nil, w.cause(err)
		}
		b := make([]byte, n)
		if _, err := io.ReadFull(w.reader, b); err != nil {
			return nil, w.cause(err)
		}
		m, err := parseMessage(b)
		if last, ok := m.(*farewell); ok {
			return nil, w.link.ended(closeCode(last.Code))
		}
		if m != nil || err != nil {
			return m, err
		}
	}
}

// cause is why the connection has ended, if it has.
func (w *wire) cause(err error) error {
	if ctx := w.link.Context(); ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return connectionError(err)
}

// close ends the connection. What is queued is not sent any more.
func (w *wire) close(code closeCode) { w.link.close(code) }
