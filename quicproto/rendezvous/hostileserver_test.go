package rendezvous

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/quicvarint"

	"github.com/skulltech/prattle/certs"
)

// liar is a directory that does what a server could: look up and forward as it likes,
// and remember everything.
type liar struct {
	*Memory
	lookup  func(honest []Card, peer certs.PeerID) []Card
	forward func(l Letter) []Letter // instead of l

	mu   sync.Mutex
	seen []Letter
}

func (l *liar) Lookup(ctx context.Context, peer certs.PeerID) ([]Card, error) {
	cards, err := l.Memory.Lookup(ctx, peer)
	if l.lookup != nil {
		cards = l.lookup(cards, peer)
	}
	return cards, err
}

func (l *liar) Forward(ctx context.Context, letter Letter) error {
	l.mu.Lock()
	l.seen = append(l.seen, letter)
	l.mu.Unlock()
	letters := []Letter{letter}
	if l.forward != nil {
		letters = l.forward(letter)
	}
	for _, letter := range letters {
		if err := l.Memory.Forward(ctx, letter); err != nil {
			return err
		}
	}
	return nil
}

// A server cannot put a key of its own in the place of a peer's.
func TestServerShowsWrongKeys(t *testing.T) {
	inEachWorld(t, func(t *testing.T, w *world) {
		mallory := newIdentity(t)
		key := fixedKey(t, 1)
		for name, lookup := range map[string]func([]Card, certs.PeerID) []Card{
			"its own": func([]Card, certs.PeerID) []Card {
				return []Card{fixedCard(t, mallory, Device{1}, key, time.Now())}
			},
			"its own with the peer's signature": func(honest []Card, _ certs.PeerID) []Card {
				c := fixedCard(t, mallory, Device{1}, key, time.Now())
				c.Signature = honest[0].Signature
				return []Card{c}
			},
			"a changed one": func(honest []Card, _ certs.PeerID) []Card {
				c := Card{Key: bytes.Clone(honest[0].Key), Signature: honest[0].Signature}
				c.Key[500] ^= 1
				return []Card{c}
			},
		} {
			d := &liar{Memory: NewMemory(), lookup: lookup}
			s := w.server(1, ServerConfig{Directory: d})
			a, b := w.client(s), w.client(s)
			b.wait(t, registered)
			if n, err := a.Send(within(5*time.Second), b.id.ID(), []byte("x")); n != 0 || !errors.Is(err, ErrForged) {
				t.Errorf("%s: sent to %d devices: %v", name, n, err)
			}
			if len(d.seen) != 0 {
				t.Errorf("%s: something was sent", name)
			}
			stop(a, b, s)
		}
	})
}

// A server keeps the card of a device and shows it a day later.
func TestServerShowsOldKeys(t *testing.T) {
	inWorld(t, func(w *world) {
		id := newIdentity(t)
		old := fixedCard(t, id, Device{1}, fixedKey(t, 1), time.Now())
		s := w.server(1, ServerConfig{Directory: &liar{Memory: NewMemory(), lookup: func([]Card, certs.PeerID) []Card { return []Card{old} }}})
		a := w.client(s)
		defer stop(a, s)
		if n, err := a.Send(within(5*time.Second), id.ID(), nil); n != 0 || !errors.Is(err, ErrOffline) {
			t.Errorf("at first: sent to %d devices: %v", n, err)
		}
		time.Sleep(24 * time.Hour)
		if n, err := a.Send(within(5*time.Second), id.ID(), nil); n != 0 || !errors.Is(err, ErrForged) {
			t.Errorf("a day later: sent to %d devices: %v", n, err)
		}
	})
}

// What a server delivers twice, to others, or in others' names is not heard.
func TestServerDeliversWrongly(t *testing.T) {
	inEachWorld(t, func(t *testing.T, w *world) {
		var bob, carol *program
		d := &liar{Memory: NewMemory()}
		s := w.server(1, ServerConfig{Directory: d})
		a := w.client(s)
		bob, carol = w.client(s), w.client(s)
		defer stop(a, bob, carol, s)
		for _, p := range []*program{a, bob, carol} {
			p.wait(t, registered)
		}
		for _, tc := range []struct {
			name    string
			forward func(Letter) []Letter
			want    int // letters that bob gets
		}{
			{"as it should", nil, 1},
			{"twice", func(l Letter) []Letter { return []Letter{l, l} }, 1},
			{"with all before it", func(l Letter) []Letter { return append(d.seen[:len(d.seen):len(d.seen)], l) }, 1},
			{"to carol", func(l Letter) []Letter {
				l.To, l.Device = carol.id.ID(), carol.Device()
				return []Letter{l}
			}, 0},
			{"in carol's name", func(l Letter) []Letter {
				l.From = carol.id.ID()
				return []Letter{l}
			}, 0},
			{"changed", func(l Letter) []Letter {
				l.Sealed = bytes.Clone(l.Sealed)
				l.Sealed[len(l.Sealed)-1] ^= 1
				return []Letter{l}
			}, 0},
		} {
			d.forward = tc.forward
			if _, err := a.Send(within(5*time.Second), bob.id.ID(), []byte("x")); err != nil {
				t.Fatal(tc.name, err)
			}
			time.Sleep(time.Second)
			if len(bob.got) != tc.want || len(carol.got) != 0 {
				t.Errorf("%s: bob gets %d letters and carol %d, want %d and 0", tc.name, len(bob.got), len(carol.got), tc.want)
			}
			for len(bob.got) > 0 {
				<-bob.got
			}
			time.Sleep(10 * time.Second) // for the limits of the server, which is honest there
		}
	})
}

// A server shows the card of another device for the sender's: the reply does not go
// there.
func TestServerRedirectsReplies(t *testing.T) {
	inWorld(t, func(w *world) {
		mallory := newIdentity(t)
		d := &liar{Memory: NewMemory()}
		s := w.server(1, ServerConfig{Directory: d})
		a, b := w.client(s), w.client(s)
		defer stop(a, b, s)
		b.wait(t, registered)
		d.forward = func(l Letter) []Letter {
			l.Card = fixedCard(t, mallory, a.Device(), fixedKey(t, 1), time.Now())
			return []Letter{l}
		}
		if _, err := a.Send(within(5*time.Second), b.id.ID(), []byte("x")); err != nil {
			t.Fatal(err)
		}
		m := b.mail(t)
		d.forward = nil
		if err := b.Reply(within(5*time.Second), m, []byte("y")); err != nil {
			t.Fatal(err)
		}
		if m := a.mail(t); string(m.Body) != "y" {
			t.Errorf("got %q", m.Body)
		}
		if to := d.seen[len(d.seen)-1].To; to != a.id.ID() {
			t.Errorf("the reply went to %v", to)
		}
	})
}

// fake is a server that does as it likes with each connection.
func (w *world) fake(host int, serve func(*quic.Conn, *quic.Stream)) *house {
	id := newIdentity(w.t)
	socket := w.net.Socket(host)
	transport := &quic.Transport{Conn: socket}
	l, err := transport.Listen(id.TLSConfig(ALPN, nil, certs.AcceptAny), serverConfig())
	if err != nil {
		w.t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			q, err := l.Accept(context.Background())
			if err != nil {
				return
			}
			running.Go(func() {
				if s, err := q.AcceptStream(q.Context()); err == nil {
					serve(q, s)
				}
				<-q.Context().Done()
			})
		}
	})
	return &house{nil, socket, socket.LocalAddr().String(), id, func() {
		transport.Close()
		socket.Close()
		running.Wait()
	}}
}

// What a server sends that is no server of ours ends the connection, not the client.
func TestServerTalksNonsense(t *testing.T) {
	inWorld(t, func(w *world) {
		framed := func(m message) []byte {
			b, err := marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			return append(quicvarint.Append(nil, uint64(len(b))), b...)
		}
		for i, tc := range []struct {
			name string
			say  []byte
			over bool // the connection is closed
		}{
			{"nothing", nil, false},
			{"a long message", quicvarint.Append(nil, 1<<40), true},
			{"no CBOR", []byte{4, 0xff, 0xff, 0xff, 0xff}, true},
			{"half a message", []byte{100, 0x82}, false},
			{"a client's message", framed(&lookup{Request: 1}), false},
			{"answers that nobody waits for", bytes.Repeat(framed(&answer{Request: 77}), 1000), false},
			{"mail from nobody", framed(&mail{Card: Card{Signature: make([]byte, 64)}, Sealed: make([]byte, 2000)}), false},
			{"go away, again and again", bytes.Repeat(framed(new(goAway)), 100), false},
		} {
			var closed bool
			var mu sync.Mutex
			s := w.fake(1+i, func(q *quic.Conn, stream *quic.Stream) {
				stream.Write(tc.say)
				time.Sleep(time.Second)
				mu.Lock()
				closed = closed || q.Context().Err() != nil
				mu.Unlock()
			})
			a := w.client(s)
			_, err := a.Send(within(30*time.Second), newIdentity(t).ID(), nil)
			if err == nil || errors.Is(err, ErrOffline) {
				t.Errorf("%s: send: %v", tc.name, err)
			}
			mu.Lock()
			if closed != tc.over {
				t.Errorf("%s: the connection is closed: %v", tc.name, closed)
			}
			mu.Unlock()
			if len(a.got) != 0 || a.State().Registered {
				t.Errorf("%s: %d mails, %+v", tc.name, len(a.got), a.State())
			}
			stop(a, s)
		}
	})
}

// A server that is told everything, and writes down what it can, learns nothing of
// what is said.
func TestServerLearnsNothing(t *testing.T) {
	inEachWorld(t, func(t *testing.T, w *world) {
		var log bytes.Buffer
		d := &liar{Memory: NewMemory()}
		s := w.server(1, ServerConfig{Directory: d, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
		a, b := w.client(s), w.client(s)
		b.wait(t, registered)
		const name, secret = "Alice Liddell", "ticket-secret-0123456789"
		body := []byte("offer of " + name + " with " + secret)
		if _, err := a.Send(within(5*time.Second), b.id.ID(), body); err != nil {
			t.Fatal(err)
		}
		if m := b.mail(t); !bytes.Equal(m.Body, body) {
			t.Fatalf("got %q", m.Body)
		}
		stop(a, b, s)
		record := log.String()
		for _, l := range d.seen {
			form, err := l.MarshalBinary()
			if err != nil {
				t.Fatal(err)
			}
			record += string(form)
		}
		if !strings.Contains(record, a.id.ID().Short()) || !strings.Contains(record, string(b.Device().String())) {
			t.Errorf("the server learns less than it should:\n%s", log.String())
		}
		for _, needle := range []string{"offer", name, "Liddell", secret, secret[7:20]} {
			if strings.Contains(record, needle) {
				t.Errorf("the server learns %q", needle)
			}
		}
	})
}
