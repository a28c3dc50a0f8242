package rendezvous

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto/quictest"
)

var (
	usual = quictest.Link{Delay: 50 * time.Millisecond}
	lossy = quictest.Link{Delay: 50 * time.Millisecond, Loss: 0.3}
	lost  = quictest.Link{Loss: 1}
)

// Each device of a peer gets what is sent to the peer, but for the sender's own.
func TestSeveralDevices(t *testing.T) {
	inEachWorld(t, func(t *testing.T, w *world) {
		s := w.server(1, ServerConfig{})
		id := newIdentity(t)
		laptop, desk, a := w.clientOf(id, ClientConfig{}, s), w.clientOf(id, ClientConfig{}, s), w.client(s)
		defer stop(laptop, desk, a, s)
		laptop.wait(t, registered)
		desk.wait(t, registered)
		if n, err := a.Send(within(5*time.Second), id.ID(), []byte("ring")); n != 2 || err != nil {
			t.Fatalf("sent to %d devices: %v", n, err)
		}
		laptop.mail(t)
		m := desk.mail(t)
		if err := desk.Reply(within(5*time.Second), m, []byte("accept")); err != nil {
			t.Fatal(err)
		}
		if m := a.mail(t); m.Device != desk.Device() {
			t.Errorf("answered by %v, want %v", m.Device, desk.Device())
		}
		if n, err := desk.Send(within(5*time.Second), id.ID(), []byte("taken")); n != 1 || err != nil {
			t.Fatalf("sent to %d of one's own devices: %v", n, err)
		}
		if m := laptop.mail(t); m.From != id.ID() || m.Device != desk.Device() {
			t.Errorf("got %+v", m)
		}
		desk.silent(t)
	})
}

func TestTooManyDevices(t *testing.T) {
	inEachWorld(t, func(t *testing.T, w *world) {
		s := w.server(1, ServerConfig{})
		defer s.stop()
		id := newIdentity(t)
		var last *program
		for range MaxDevices + 1 {
			if last != nil {
				last.wait(t, registered)
			}
			last = w.clientOf(id, ClientConfig{}, s)
			defer last.stop()
		}
		last.wait(t, func(s State) bool { return errors.Is(s.Err, ErrTooManyDevices) })
	})
}

// A server that was killed and started again has its clients back within 5 s.
func TestServerIsRestarted(t *testing.T) {
	for _, down := range []time.Duration{10 * time.Millisecond, time.Second, 8 * time.Second} {
		inWorld(t, func(w *world) {
			s := w.server(1, ServerConfig{})
			a, b := w.client(s), w.client(s)
			defer stop(a, b)
			a.wait(t, registered)
			b.wait(t, registered)
			time.Sleep(20 * time.Second)
			w.net.SetAll(lost) // a killed process says no goodbye
			s.stop()
			w.net.SetAll(usual)
			time.Sleep(down)
			s = w.server(1, ServerConfig{Identity: s.id})
			defer s.stop()
			began := time.Now()
			if n, err := a.Send(within(10*time.Second), b.id.ID(), []byte("x")); err != nil && !errors.Is(err, ErrOffline) {
				t.Errorf("down for %v: %d, %v", down, n, err)
			}
			for s.Stats().Devices < 2 && time.Since(began) < time.Minute {
				time.Sleep(10 * time.Millisecond)
			}
			took := time.Since(began)
			t.Logf("down for %v: registered again after %v", down, took)
			if took > 5*time.Second {
				t.Errorf("down for %v: registered again after %v", down, took)
			}
		})
	}
}

// When a server is gone for good, its clients go to another, and callers that ask
// there find them.
func TestClientsGoToAnotherServer(t *testing.T) {
	inWorld(t, func(w *world) {
		shared := NewMemory()
		id := newIdentity(t)
		s1, s2 := w.server(1, ServerConfig{Identity: id, Directory: shared}), w.server(2, ServerConfig{Identity: id, Directory: shared})
		defer s2.stop()
		a, b := w.client(s2), w.client(s1, s2)
		defer stop(a, b)
		b.wait(t, registered)
		if got := b.State().Server; got != s1.addr {
			t.Fatalf("registered at %s, want the first", got)
		}
		w.net.SetAll(lost)
		s1.stop()
		w.net.SetAll(usual)
		took := b.wait(t, func(s State) bool { return s.Registered && s.Server == s2.addr })
		t.Logf("at another server after %v", took)
		if took > idleTimeout+2*time.Second {
			t.Errorf("at another server after %v", took)
		}
		if n, err := a.Send(within(5*time.Second), b.id.ID(), []byte("x")); n != 1 || err != nil {
			t.Fatalf("sent to %d devices: %v", n, err)
		}
		b.mail(t)
	})
}

// A server that stops sends its clients away first, and nobody is unreachable even
// for a moment.
func TestDrain(t *testing.T) {
	inEachWorld(t, func(t *testing.T, w *world) {
		shared := NewMemory()
		s1, s2 := w.server(1, ServerConfig{Directory: shared}), w.server(2, ServerConfig{Directory: shared})
		a, b := w.client(s2), w.client(s1, s2)
		defer stop(a, b, s2)
		b.wait(t, registered)
		a.wait(t, registered)
		drained := make(chan time.Duration, 1)
		go func() {
			began := time.Now()
			s1.Drain(within(time.Minute))
			drained <- time.Since(began)
			s1.stop()
		}()
		for i := range 30 {
			if n, err := a.Send(within(5*time.Second), b.id.ID(), []byte{byte(i)}); n != 1 || err != nil {
				t.Fatalf("letter %d was sent to %d devices: %v", i, n, err)
			}
			if m := b.mail(t); m.Body[0] != byte(i) {
				t.Fatalf("got letter %d, want %d", m.Body[0], i)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if took := <-drained; took > linger+2*time.Second {
			t.Errorf("drained after %v", took)
		}
		if got := netip.MustParseAddrPort(b.State().Server); got.Addr() != netip.MustParseAddrPort(s2.addr).Addr() {
			t.Errorf("registered at %s, want %s", got, s2.addr)
		}
	})
}

// Without another server, clients stay until the end and come back.
func TestDrainOfTheOnlyServer(t *testing.T) {
	inEachWorld(t, func(t *testing.T, w *world) {
		s := w.server(1, ServerConfig{})
		a := w.client(s)
		defer a.stop()
		a.wait(t, registered)
		s.Drain(within(40 * time.Second))
		if !a.State().Registered {
			t.Error("the client has left: ", a.State().Err)
		}
		s.stop()
		a.wait(t, func(s State) bool { return !s.Registered })
		s = w.server(1, ServerConfig{Identity: s.id})
		defer s.stop()
		if took := a.wait(t, registered); took > 5*time.Second {
			t.Errorf("registered again after %v", took)
		}
	})
}

// After a change of network the client is registered by the new one within two round
// trips of Kick, and mail finds it all the while.
func TestKick(t *testing.T) {
	inWorld(t, func(w *world) {
		s := w.server(1, ServerConfig{})
		a, b := w.client(s), w.client(s)
		defer stop(a, b, s)
		a.wait(t, registered)
		b.wait(t, registered)
		time.Sleep(10 * time.Second)
		first := b.session()
		b.Kick()
		for i := range 10 {
			if n, err := a.Send(within(5*time.Second), b.id.ID(), []byte{byte(i)}); n != 1 || err != nil {
				t.Fatalf("letter %d was sent to %d devices: %v", i, n, err)
			}
			if m := b.mail(t); m.Body[0] != byte(i) {
				t.Fatalf("got letter %d, want %d", m.Body[0], i)
			}
		}
		if b.session() == first {
			t.Error("the connection is the old one")
		}
		time.Sleep(serverLinger)
		if n := s.Stats().Devices; n != 2 {
			t.Errorf("%d devices are registered", n)
		}
	})
}

// Kick wakes a client that has long waited for the network.
func TestKickAfterAnOutage(t *testing.T) {
	inWorld(t, func(w *world) {
		s := w.server(1, ServerConfig{})
		a := w.client(s)
		defer stop(a, s)
		a.wait(t, registered)
		w.net.SetAll(lost)
		time.Sleep(5 * time.Minute)
		if a.State().Registered || !errors.Is(a.State().Err, ErrUnreachable) {
			t.Fatalf("without a network: %+v", a.State())
		}
		w.net.SetAll(usual)
		a.Kick()
		if took := a.wait(t, registered); took > time.Second {
			t.Errorf("registered %v after Kick", took)
		}
	})
}

// Keys are replaced each hour, and mail comes at any time.
func TestKeysAreReplaced(t *testing.T) {
	inWorld(t, func(w *world) {
		s := w.server(1, ServerConfig{})
		a, b := w.client(s), w.client(s)
		defer stop(a, b, s)
		a.wait(t, registered)
		b.wait(t, registered)
		seen := make(map[string]bool)
		for range 7 {
			if _, err := a.Send(within(5*time.Second), b.id.ID(), []byte("x")); err != nil {
				t.Fatal(err)
			}
			b.mail(t)
			b.mu.Lock()
			seen[string(b.inbox.keys[0].private.PublicKey().Bytes())] = true
			b.mu.Unlock()
			time.Sleep(30 * time.Minute)
		}
		if len(seen) != 4 {
			t.Errorf("%d keys in 3 hours, want 4", len(seen))
		}
	})
}

func TestWhoIsNotServed(t *testing.T) {
	inEachWorld(t, func(t *testing.T, w *world) {
		friend := newIdentity(t)
		s := w.server(1, ServerConfig{Allowed: func(p certs.PeerID) bool { return p == friend.ID() }})
		a, b := w.clientOf(friend, ClientConfig{}, s), w.client(s)
		defer stop(a, b, s)
		a.wait(t, registered)
		b.wait(t, func(s State) bool { return errors.Is(s.Err, ErrNotAllowed) })
		if _, err := b.Send(within(5*time.Second), friend.ID(), nil); !errors.Is(err, ErrNotAllowed) {
			t.Errorf("send: %v", err)
		}
		s.SetAllowed(func(p certs.PeerID) bool { return p == b.id.ID() })
		a.wait(t, func(s State) bool { return errors.Is(s.Err, ErrNotAllowed) })
		if took := b.wait(t, registered); took > longestWait {
			t.Errorf("registered %v after it was allowed", took)
		}
	})
}

func TestWrongServer(t *testing.T) {
	inWorld(t, func(w *world) {
		s := w.server(1, ServerConfig{})
		other := newIdentity(t).ID()
		a := w.clientOf(newIdentity(t), ClientConfig{ServerID: other}, s)
		b := w.clientOf(newIdentity(t), ClientConfig{ServerID: s.id.ID()}, s)
		defer stop(a, b, s)
		var wrong *certs.KeyMismatchError
		a.wait(t, func(s State) bool { return errors.As(s.Err, &wrong) })
		if _, err := a.Send(within(5*time.Second), other, nil); !errors.As(err, &wrong) {
			t.Errorf("send: %v", err)
		}
		b.wait(t, registered)
	})
}

// What there is to be told apart when nothing works.
func TestNoServer(t *testing.T) {
	inWorld(t, func(w *world) {
		a := w.client(&house{addr: "10.9.0.77:7729"})
		defer a.stop()
		began := time.Now()
		if _, err := a.Send(within(15*time.Second), newIdentity(t).ID(), nil); !errors.Is(err, ErrUnreachable) {
			t.Errorf("send: %v", err)
		}
		if took := time.Since(began); took != 15*time.Second {
			t.Errorf("send gave up after %v", took)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := a.Send(ctx, newIdentity(t).ID(), nil); err == nil {
			t.Error("a cancelled send was sent")
		}
		if _, err := a.Send(within(time.Second), newIdentity(t).ID(), make([]byte, MaxBody+1)); !errors.Is(err, ErrTooLong) {
			t.Errorf("send: %v", err)
		}
	})
}

func TestServicesAreRenewed(t *testing.T) {
	inEachWorld(t, func(t *testing.T, w *world) {
		made := 0
		s := w.server(1, ServerConfig{Services: func(p certs.PeerID, now time.Time) Services {
			made++
			return Services{
				STUN: []string{"stun.example:3478"},
				TURN: []TURNServer{{"turn:relay.example", p.Short(), string(rune('0' + made))}}, Expires: now.Add(time.Hour),
			}
		}})
		a := w.client(s)
		defer stop(a, s)
		a.wait(t, registered)
		for i := range 4 {
			changed := a.Changed()
			if i > 0 || len(a.Services().TURN) == 0 {
				<-changed
			}
			got := a.Services()
			if len(got.TURN) != 1 || got.TURN[0].Username != a.id.ID().Short() || got.TURN[0].Password != string(rune('1'+i)) {
				t.Fatalf("services %d: %+v", i, got.TURN)
			}
			if left := time.Until(got.Expires); left < 59*time.Minute || left > time.Hour {
				t.Errorf("services %d expire in %v", i, left)
			}
		}
	})
}

// Bad links are no reason to be unreachable for long.
func TestThirtyPercentLoss(t *testing.T) {
	inWorld(t, func(w *world) {
		w.net.SetAll(lossy)
		s := w.server(1, ServerConfig{})
		a, b := w.client(s), w.client(s)
		defer stop(a, b, s)
		a.wait(t, registered)
		b.wait(t, registered)
		var waits []time.Duration
		for range 50 {
			waits = append(waits, insist(t, a, b))
			time.Sleep(5 * time.Second)
			for len(b.got) > 0 {
				<-b.got
			}
		}
		report(t, waits)
	})
}

// insist sends from one to the other each 3 s until it arrives, and says how long
// that took.
func insist(t *testing.T, from, to *program) time.Duration {
	t.Helper()
	began := time.Now()
	for time.Since(began) < time.Minute {
		if _, err := from.Send(within(30*time.Second), to.id.ID(), []byte("x")); err != nil && !errors.Is(err, ErrOffline) {
			t.Fatal(err)
		}
		select {
		case <-to.got:
			return time.Since(began)
		case <-time.After(3 * time.Second):
		}
	}
	t.Fatal("nothing arrives")
	return 0
}

// report logs how long things took.
func report(t *testing.T, took []time.Duration) {
	t.Helper()
	slices.Sort(took)
	n := len(took)
	t.Logf("%d times: median %v, 95 %% %v, longest %v", n, took[n/2], took[n*95/100], took[n-1])
}
