package rendezvous

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
)

// A key that is not valid by the server's clock is refused, with the server's time.
func TestServerRefusesKeysOfWrongClocks(t *testing.T) {
	inWorld(t, func(w *world) {
		s := w.server(1, ServerConfig{})
		defer s.stop()
		for off, want := range map[time.Duration]code{
			-cardLife - time.Hour: codeClock, -cardLife + time.Hour: codeDone, 0: codeDone,
			cardLead - time.Hour: codeDone, cardLead + time.Hour: codeClock,
		} {
			r := w.rude(s)
			now := time.Now()
			r.send(&register{Request: 1, Card: fixedCard(t, r.id, Device{1}, fixedKey(t, 1), now.Add(off))})
			m, err := r.receive(unpaced)
			if err != nil {
				t.Fatal(err)
			}
			a, ok := m.(*answer)
			if !ok || a.Code != want || time.Unix(int64(a.Time), 0).Sub(now).Abs() > 2*time.Second {
				t.Errorf("a clock %v ahead: %+v, want code %d", off, m, want)
			}
			r.end()
		}
	})
}

// The client says by how much its clock is wrong, and does not keep callers waiting.
func TestClientLearnsThatItsClockIsWrong(t *testing.T) {
	inWorld(t, func(w *world) {
		s := w.fake(1, func(q *quic.Conn, stream *quic.Stream) {
			server := newWire(&quicLink{Conn: q})
			server.attach(stream)
			go server.run()
			if m, err := server.receive(unpaced); err == nil {
				server.send(&answer{Request: m.(*register).Request, Code: codeClock, Time: uint64(time.Now().Add(-48 * time.Hour).Unix())})
			}
		})
		a := w.client(s)
		defer stop(a, s)
		_, err := a.Send(context.Background(), newIdentity(t).ID(), nil)
		var clock *ClockError
		if !errors.As(err, &clock) || (clock.Ahead-48*time.Hour).Abs() > 2*time.Second {
			t.Errorf("send: %v", err)
		}
		if got, want := (&ClockError{-90 * time.Second}).Error(), "the clock of this machine is 1m30s behind the server's"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	})
}
