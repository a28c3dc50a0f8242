package rendezvous

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/quicvarint"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto/quictest"
)

// rude is a client that says what it likes.
type rude struct {
	*session
	id *certs.Identity
}

func (w *world) rude(s *house) *rude {
	w.t.Helper()
	r, err := w.tryRude(newIdentity(w.t), s)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) tryRude(id *certs.Identity, s *house) (*rude, error) {
	names, err := parseServers(s.addr)
	if err != nil {
		return nil, err
	}
	places, err := resolve(context.Background(), names)
	if err != nil {
		return nil, err
	}
	d := dialler{w.socket, w.dial, id.TLSConfig(ALPN, nil, certs.AcceptAny), nil}
	r := d.try(context.Background(), way{places[0], w.tls})
	if r.err != nil {
		return nil, r.err
	}
	go r.session.run()
	return &rude{r.session, id}, nil
}

// end gives everything back.
func (r *rude) end() {
	r.close(closeDone)
	r.link.free()
}

// listens has it take notice of what the server says, which over TLS is also how it
// hears why the connection ends.
func (r *rude) listens() { go r.read(func(message) {}) }

// fate is why the server closes the connection, and after how long.
func (r *rude) fate() (after time.Duration, err error) {
	began := time.Now()
	if overTLS(r.link) {
		r.listens()
	}
	select {
	case <-r.link.Context().Done():
		err = connectionError(context.Cause(r.link.Context()))
	case <-time.After(time.Minute):
	}
	return time.Since(began), err
}

func (r *rude) card(t *testing.T, d Device) Card {
	return fixedCard(t, r.id, d, fixedKey(t, 1), time.Now())
}

// What breaks the protocol ends the connection, and says so.
func TestClientBreaksTheProtocol(t *testing.T) {
	inEachWorld(t, func(t *testing.T, w *world) {
		s := w.server(1, ServerConfig{})
		defer s.stop()
		other := newIdentity(t)
		for name, say := range map[string]func(r *rude) []message{
			"a lookup before register": func(*rude) []message { return []message{&lookup{Peer: peerID(other.ID())}} },
			"mail before register":     func(*rude) []message { return []message{&send{Sealed: make([]byte, 2000)}} },
			"another's card": func(*rude) []message {
				return []message{&register{Card: fixedCard(t, other, Device{1}, fixedKey(t, 1), time.Now())}}
			},
			"two devices": func(r *rude) []message {
				return []message{&register{Card: r.card(t, Device{1})}, &register{Card: r.card(t, Device{2})}}
			},
			"a server's message": func(r *rude) []message {
				return []message{&register{Card: r.card(t, Device{1})}, &answer{}}
			},
			"short mail": func(r *rude) []message {
				return []message{&register{Card: r.card(t, Device{1})}, &send{Sealed: make([]byte, 10)}}
			},
		} {
			r := w.rude(s)
			for _, m := range say(r) {
				r.send(m)
			}
			if after, err := r.fate(); !errors.Is(err, errNotUnderstood) || after > time.Second {
				t.Errorf("%s: %v after %v", name, err, after)
			}
			r.end()
		}
		for name, b := range map[string][]byte{
			"too long":  quicvarint.Append(nil, maxMessage+1),
			"very long": quicvarint.Append(nil, 1<<60),
			"no CBOR":   {3, 0xff, 0xff, 0xff},
			"deep":      append([]byte{0x40, 100}, strings.Repeat("\x81", 100)...),
		} {
			r := w.rude(s)
			r.stream.Write(b)
			if after, err := r.fate(); !errors.Is(err, errNotUnderstood) || after > time.Second {
				t.Errorf("%s: %v after %v", name, err, after)
			}
			r.end()
		}
		if got := s.Stats(); got.Malformed != 10 || got.Devices != 0 || got.QUIC.Open+got.TLS.Open != 0 {
			t.Errorf("%+v", got)
		}
	})
}

// Who says nothing, or only half of something, is not waited for.
func TestClientIsSilent(t *testing.T) {
	inEachWorld(t, func(t *testing.T, w *world) {
		s := w.server(1, ServerConfig{})
		defer s.stop()
		for name, say := range map[string][]byte{"nothing": nil, "one byte": {0x44}, "half a message": {100, 0x82, 1}} {
			r := w.rude(s)
			if say != nil {
				r.stream.Write(say)
			}
			if after, err := r.fate(); !errors.Is(err, errSlow) || after > registerPatience+time.Second {
				t.Errorf("%s: %v after %v", name, err, after)
			}
			r.end()
		}
	})
}

// A flood of requests is answered at the pace that one peer is granted, and others do
// not notice.
func TestClientFloods(t *testing.T) {
	inEachWorld(t, func(t *testing.T, w *world) {
		s := w.server(1, ServerConfig{})
		a, b := w.client(s), w.client(s)
		r := w.rude(s)
		defer stop(a, b, s)
		a.wait(t, registered)
		b.wait(t, registered)
		r.send(&register{Card: r.card(t, Device{1})})
		before := s.Stats().Lookups
		go func() { // reads the answers
			for {
				if _, err := r.receive(unpaced); err != nil {
					return
				}
			}
		}()
		const long = 20 * time.Second
		for began := time.Now(); time.Since(began) < long; {
			r.send(&lookup{Peer: peerID(b.id.ID())})
			if len(r.out) == maxOutgoing {
				time.Sleep(10 * time.Millisecond)
			}
		}
		got := int(s.Stats().Lookups - before)
		if most := peerTerms.burst + int(float64(peerTerms.messages)*long.Seconds()); got > most || got < most/2 {
			t.Errorf("%d lookups were served, want up to %d", got, most)
		}
		began := time.Now()
		if n, err := a.Send(within(5*time.Second), b.id.ID(), nil); n != 1 || err != nil {
			t.Errorf("meanwhile: %d, %v", n, err)
		}
		if took := time.Since(began); took > 250*time.Millisecond {
			t.Errorf("meanwhile a letter takes %v", took)
		}
		r.end()
	})
}

// Who is flooded with mail, by many, still answers and is answered.
func TestClientIsFloodedWithMail(t *testing.T) {
	inEachWorld(t, func(t *testing.T, w *world) {
		s := w.server(1, ServerConfig{})
		victim := w.client(s)
		defer stop(victim, s)
		victim.wait(t, registered)
		var all []*program
		for range 4 {
			p := w.client(s)
			p.wait(t, registered)
			all = append(all, p)
		}
		var sent, busy atomic.Int64
		var floods sync.WaitGroup
		for _, p := range all {
			floods.Go(func() {
				for range 60 {
					switch _, err := p.Send(within(time.Minute), victim.id.ID(), make([]byte, MaxBody)); {
					case err == nil:
						sent.Add(1)
					case errors.Is(err, ErrBusy):
						busy.Add(1)
					default:
						t.Error(err)
					}
				}
			})
		}
		floods.Wait()
		t.Logf("%d letters went through, %d did not", sent.Load(), busy.Load())
		if busy.Load() == 0 {
			t.Error("nothing was held back")
		}
		if _, err := victim.Send(within(5*time.Second), all[0].id.ID(), nil); err != nil {
			t.Errorf("the victim cannot send: %v", err)
		}
		if !victim.State().Registered {
			t.Errorf("the victim is not registered: %v", victim.State().Err)
		}
		for _, p := range all {
			p.stop()
		}
	})
}

// Who does not read what it is sent loses its connection, and costs no more memory
// than a queue until then.
func TestClientDoesNotRead(t *testing.T) {
	inEachWorld(t, func(t *testing.T, w *world) {
		s := w.server(1, ServerConfig{})
		a := w.client(s)
		defer stop(a, s)
		a.wait(t, registered)
		r := w.rude(s)
		go r.prove() // else it would be gone for its silence
		if l, ok := r.link.(*tlsLink); ok {
			l.idle.Stop()
		}
		r.send(&register{Card: r.card(t, Device{1})})
		time.Sleep(time.Second)
		var busy bool
		for range 100 {
			_, err := a.Send(within(5*time.Second), r.id.ID(), make([]byte, MaxBody))
			busy = busy || errors.Is(err, ErrBusy)
		}
		if !busy {
			t.Error("it takes 100 letters")
		}
		time.Sleep(writeTimeout + time.Second)
		if n := s.Stats().Devices; n != 1 {
			t.Errorf("%d devices are still there", n)
		}
		r.end()
	})
}

// A peer, and an address, have so many connections and no more.
func TestClientConnectsTooOften(t *testing.T) {
	inEachWorld(t, func(t *testing.T, w *world) {
		s := w.server(1, ServerConfig{})
		defer s.stop()
		id := newIdentity(t)
		refused := 0
		var all []*rude
		for range peerTerms.connections + 4 {
			r, err := w.tryRude(id, s)
			if err != nil {
				refused++
				continue
			}
			r.listens()
			all = append(all, r)
		}
		time.Sleep(time.Second)
		for _, r := range all {
			if r.link.Context().Err() != nil {
				refused++
			}
		}
		if refused != 4 {
			t.Errorf("%d connections were refused, want 4", refused)
		}
		for _, r := range all {
			r.end()
		}
	})
}

// Until an address is proven, it is sent no more than three times what came from it
// (RFC 9000, section 8); under a flood, and for what is no handshake, no more than
// came.
func TestUnprovenSources(t *testing.T) {
	for name, tc := range map[string]struct {
		flood bool
		send  func(t *testing.T, socket net.PacketConn, to net.Addr)
		most  float64
	}{
		"handshakes":            {false, dialInVain, 3},
		"handshakes in a flood": {true, dialInVain, 1},
		"no QUIC": {false, func(t *testing.T, socket net.PacketConn, to net.Addr) {
			for n := 1; n < 1400; n += 13 {
				for _, first := range []byte{0x00, 0x3f, 0x40, 0x7f} {
					b := make([]byte, n)
					b[0] = first
					socket.WriteTo(b, to)
				}
			}
		}, 1},
		"unknown versions": {false, func(t *testing.T, socket net.PacketConn, to net.Addr) {
			for n := 20; n < 1400; n += 13 {
				b := make([]byte, n)
				copy(b, []byte{0xc3, 9, 9, 9, 9, 8, 1, 2, 3, 4, 5, 6, 7, 8, 4, 1, 2, 3, 4})
				socket.WriteTo(b, to)
			}
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				s := w.server(1, ServerConfig{})
				defer s.stop()
				if tc.flood {
					s.mu.Lock()
					s.door.unproven.SetBurst(0)
					s.mu.Unlock()
				}
				victim, err := w.socket()
				if err != nil {
					t.Fatal(err)
				}
				var in, out atomic.Int64
				const headers = 28
				w.net.Set(s.socket, victim, lost)
				w.net.Watch(victim, s.socket, func(p quictest.Passage) { in.Add(int64(p.Size - headers)) })
				w.net.Watch(s.socket, victim, func(p quictest.Passage) { out.Add(int64(p.Size - headers)) })
				tc.send(t, victim, s.socket.LocalAddr())
				time.Sleep(30 * time.Second)
				victim.Close()
				came, went := in.Load(), out.Load()
				ratio := float64(went) / float64(came)
				t.Logf("%d bytes came, %d went: %.2f", came, went, ratio)
				if came == 0 || ratio > tc.most {
					t.Errorf("%d bytes came, %d went: %.2f, at most %v", came, went, ratio, tc.most)
				}
			})
		})
	}
}

// dialInVain begins a handshake whose answers get lost on the way back.
func dialInVain(t *testing.T, socket net.PacketConn, to net.Addr) {
	transport := &quic.Transport{Conn: socket}
	defer transport.Close()
	_, err := transport.Dial(within(10*time.Second), to, newIdentity(t).TLSConfig(ALPN, nil, certs.AcceptAny), quicConfig())
	if err == nil {
		t.Error("the handshake was completed")
	}
}
