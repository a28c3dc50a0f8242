package rendezvous

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/skulltech/prattle/certs"
)

// blockUDP is a world where nothing comes through over UDP, and servers offer TLS.
func blockUDP(w *world) {
	w.net.SetAll(lost)
	w.tls = true
}

// Who has UDP and who has none meet at one server.
func TestUDPIsBlockedOnOneSide(t *testing.T) {
	inWorld(t, func(w *world) {
		w.tls = true
		s := w.server(1, ServerConfig{})
		a := w.client(s)
		a.wait(t, registered)
		blocked, err := w.socket()
		if err != nil {
			t.Fatal(err)
		}
		w.net.Set(blocked, s.socket, lost)
		b := w.clientOf(newIdentity(t), ClientConfig{Listen: func() (net.PacketConn, error) { return blocked, nil }}, s)
		defer stop(a, b, s)
		if took := b.wait(t, registered); took > headStart+2*tcpDelay {
			t.Errorf("registered after %v", took)
		}
		if a.State().TLS || !b.State().TLS || b.State().Server != "10.9.0.1:443" {
			t.Errorf("%+v, %+v", a.State(), b.State())
		}
		if n, err := a.Send(within(5*time.Second), b.id.ID(), []byte("offer")); n != 1 || err != nil {
			t.Fatalf("sent to %d devices: %v", n, err)
		}
		m := b.mail(t)
		if err := b.Reply(within(5*time.Second), m, []byte("answer")); err != nil {
			t.Fatal(err)
		}
		a.mail(t)
		if got := s.Stats(); got.QUIC != (Connections{1, 1}) || got.TLS != (Connections{1, 1}) {
			t.Errorf("%+v", got)
		}
	})
}

// After a change of network a client takes QUIC if it can, and TLS if it must, and mail
// finds it all the while.
func TestKickBetweenQUICAndTLS(t *testing.T) {
	inWorld(t, func(w *world) {
		w.tls = true
		s := w.server(1, ServerConfig{})
		a, b := w.client(s), w.client(s)
		defer stop(a, b, s)
		a.wait(t, registered)
		b.wait(t, registered)
		for i, blocked := range []bool{true, false, true} {
			if blocked {
				w.net.SetAll(lost)
			} else {
				w.net.SetAll(usual)
			}
			a.Kick()
			b.Kick()
			for _, p := range []*program{a, b} {
				if took := p.wait(t, func(s State) bool { return s.Registered && s.TLS == blocked }); took > kickPause+headStart+4*tcpDelay {
					t.Errorf("change %d: %v until the client is registered by the new network", i, took)
				}
			}
			if n, err := a.Send(within(5*time.Second), b.id.ID(), []byte{byte(i)}); n != 1 || err != nil {
				t.Fatalf("change %d: sent to %d devices: %v", i, n, err)
			}
			if m := b.mail(t); m.Body[0] != byte(i) {
				t.Errorf("change %d: got %v", i, m.Body)
			}
			time.Sleep(time.Minute)
		}
		if got := s.Stats(); got.Devices != 2 || got.QUIC.Open != 0 || got.TLS.Open != 2 {
			t.Errorf("%+v", got)
		}
	})
}

// A connection over TLS that has died without a word is noticed at both ends, as with
// QUIC.
func TestTLSLineIsCut(t *testing.T) {
	inWorld(t, func(w *world) {
		blockUDP(w)
		s := w.server(1, ServerConfig{})
		a := w.client(s)
		defer stop(a, s)
		a.wait(t, registered)
		time.Sleep(time.Minute)
		if got := s.Stats().TLS; got != (Connections{1, 1}) {
			t.Fatalf("a minute later: %+v", got)
		}
		w.tcp.setCut(true)
		time.Sleep(idleTimeout + time.Second)
		if got := s.Stats(); got.Devices != 0 || got.TLS.Open != 0 {
			t.Errorf("the server still has %+v", got)
		}
		if a.State().Registered {
			t.Error("the client takes itself for registered")
		}
		w.tcp.setCut(false)
		a.Kick()
		if took := a.wait(t, registered); took > headStart+handshakeTimeout {
			t.Errorf("registered again after %v", took)
		}
	})
}

// A server that was restarted has its clients back, and says goodbye to them when it
// stops.
func TestServerWithTLSIsRestarted(t *testing.T) {
	inWorld(t, func(w *world) {
		blockUDP(w)
		s := w.server(1, ServerConfig{})
		a := w.client(s)
		defer a.stop()
		a.wait(t, registered)
		s.stop()
		a.wait(t, func(s State) bool { return errors.Is(s.Err, errGoingAway) })
		a.wait(t, func(s State) bool { return errors.Is(s.Err, ErrNoTLS) })
		s = w.server(1, ServerConfig{Identity: s.id})
		defer s.stop()
		if took := a.wait(t, registered); took > 5*time.Second {
			t.Errorf("registered again after %v", took)
		}
	})
}

// A server that offers no TLS does not hold up the next one that does.
func TestOnlyOneServerOffersTLS(t *testing.T) {
	inWorld(t, func(w *world) {
		w.net.SetAll(lost)
		s1 := w.server(1, ServerConfig{})
		w.tls = true
		s2 := w.server(2, ServerConfig{})
		a := w.client(s1, s2)
		defer stop(a, s1, s2)
		if took := a.wait(t, registered); took < headStart || took > headStart+3*tcpDelay {
			t.Errorf("registered after %v", took)
		}
		if got := a.State().Server; got != "10.9.0.2:443" {
			t.Errorf("registered at %s", got)
		}
	})
}

// The identity of the server counts over TLS as it does over QUIC, whatever its name.
func TestWrongServerOverTLS(t *testing.T) {
	inWorld(t, func(w *world) {
		blockUDP(w)
		s := w.server(1, ServerConfig{})
		a := w.clientOf(newIdentity(t), ClientConfig{ServerID: newIdentity(t).ID()}, s)
		b := w.clientOf(newIdentity(t), ClientConfig{ServerID: s.id.ID()}, s)
		defer stop(a, b, s)
		var wrong *certs.KeyMismatchError
		a.wait(t, func(s State) bool { return errors.As(s.Err, &wrong) })
		b.wait(t, registered)
		if got := s.Stats(); got.Devices != 1 {
			t.Errorf("%+v", got)
		}
	})
}

// What is told apart when a server is not reached over UDP.
func TestNoTLS(t *testing.T) {
	other := newIdentity(t).Certificate()
	for name, tc := range map[string]struct {
		answer func(net.Conn) // of who listens there; nil: nobody
		cut    bool
		noTLS  bool
	}{
		"nobody listens":     {nil, false, true},
		"nothing comes back": {nil, true, false},
		"it hangs up":        {func(c net.Conn) { c.Close() }, false, false},
		"it says nothing":    {func(c net.Conn) { io.Copy(io.Discard, c) }, false, false},
		"no TLS":             {func(c net.Conn) { c.Read(make([]byte, 2000)); c.Write([]byte("HTTP/1.1 400 Bad Request\r\n")) }, false, true},
		"a web server":       {func(c net.Conn) { handshake(c, &tls.Config{Certificates: []tls.Certificate{other}}) }, false, true},
		"another protocol": {func(c net.Conn) {
			handshake(c, &tls.Config{Certificates: []tls.Certificate{other}, NextProtos: []string{"h2"}})
		}, false, true},
		"an old TLS": {func(c net.Conn) {
			handshake(c, &tls.Config{Certificates: []tls.Certificate{other}, MaxVersion: tls.VersionTLS12})
		}, false, true},
		"one without identity": {func(c net.Conn) { handshake(c, &tls.Config{NextProtos: []string{ALPN}}) }, false, true},
	} {
		inWorld(t, func(w *world) {
			w.net.SetAll(lost)
			w.tcp.setCut(tc.cut)
			l := w.tcp.listen(netip.MustParseAddrPort("10.9.0.1:443"))
			if tc.answer == nil {
				l.Close()
			}
			go func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					go func() {
						tc.answer(c)
						c.Close()
					}()
				}
			}()
			a := w.client(&house{addr: "10.9.0.1:7729"})
			// Who cannot wait for the end of the attempt is told what is known by then.
			if _, err := a.Send(within(3*time.Second), newIdentity(t).ID(), nil); !errors.Is(err, ErrUnreachable) || errors.Is(err, ErrNoTLS) != tc.noTLS {
				t.Errorf("%s: after 3 s: %v", name, err)
			}
			a.wait(t, func(s State) bool { return s.Err != nil })
			if err := a.State().Err; !errors.Is(err, ErrUnreachable) || errors.Is(err, ErrNoTLS) != tc.noTLS {
				t.Errorf("%s: %v", name, err)
			}
			a.stop()
			l.Close()
		})
	}
}

func handshake(c net.Conn, config *tls.Config) {
	s := tls.Server(c, config)
	if s.Handshake() == nil {
		s.Read(make([]byte, 1))
	}
}

// Who shows no identity, or names no protocol, is told nothing and is not registered.
func TestNobodyIsServedOverTLSWithoutIdentity(t *testing.T) {
	inWorld(t, func(w *world) {
		blockUDP(w)
		offered := false
		s := w.server(1, ServerConfig{Services: func(certs.PeerID, time.Time) Services {
			offered = true
			return Services{TURN: []TURNServer{{"turn:relay.example", "user", "password"}}}
		}})
		defer s.stop()
		good := newIdentity(t).TLSConfig(ALPN, nil, certs.AcceptAny)
		for name, change := range map[string]func(*tls.Config){
			"no certificate":   func(c *tls.Config) { c.Certificates = nil },
			"no protocol":      func(c *tls.Config) { c.NextProtos, c.VerifyConnection = nil, nil },
			"another protocol": func(c *tls.Config) { c.NextProtos, c.VerifyConnection = []string{"stun.turn"}, nil },
			"an old version":   func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS12, tls.VersionTLS12 },
		} {
			config := good.Clone()
			change(config)
			conn, err := w.dial(context.Background(), netip.MustParseAddrPort("10.9.0.1:443"))
			if err != nil {
				t.Fatal(err)
			}
			secure := tls.Client(conn, config)
			secure.SetDeadline(time.Now().Add(time.Minute))
			b, err := frame(&register{Card: fixedCard(t, newIdentity(t), Device{1}, fixedKey(t, 1), time.Now())})
			if err != nil {
				t.Fatal(err)
			}
			secure.Write(b)
			if n, err := secure.Read(make([]byte, 100)); n != 0 || err == nil {
				t.Errorf("%s: was told %d bytes", name, n)
			}
			conn.Close()
		}
		time.Sleep(time.Minute)
		if got := s.Stats(); offered || got.Registers != 0 || got.TLS.Taken != 0 {
			t.Errorf("somebody was served: %+v", got)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.door.openTLS != 0 || s.door.inside != 0 {
			t.Errorf("%d handshakes and %d connections are left", s.door.openTLS, s.door.inside)
		}
	})
}

// Why a server closes a connection arrives although the client was about to say
// something, and is slow to read.
func TestRefusalArrivesOverTLS(t *testing.T) {
	inWorld(t, func(w *world) {
		blockUDP(w)
		s := w.server(1, ServerConfig{Allowed: func(certs.PeerID) bool { return false }})
		defer s.stop()
		for _, pause := range []time.Duration{0, 10 * time.Millisecond, farewellPatience / 2} {
			r := w.rude(s)
			r.send(&register{Card: r.card(t, Device{1})})
			time.Sleep(pause)
			r.send(&register{Card: r.card(t, Device{1})})
			time.Sleep(pause)
			if _, err := r.fate(); !errors.Is(err, ErrNotAllowed) {
				t.Errorf("after %v: %v", pause, err)
			}
			r.end()
		}
	})
}

// A listener that others share hands over connections only while there is somebody to
// take them.
func TestAdmitOnlyWhileServing(t *testing.T) {
	inWorld(t, func(w *world) {
		near, far := newTCPLine(w.tcp, netip.MustParseAddrPort("10.9.1.1:1"), netip.MustParseAddrPort("10.9.0.1:443"))
		idle, err := NewServer(ServerConfig{Identity: newIdentity(t)})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := idle.Admit(far); err == nil {
			t.Error("a server admits clients before it serves")
		}
		s := w.server(1, ServerConfig{})
		defer s.stop()
		time.Sleep(time.Second)
		config, shaken, err := s.Admit(far)
		if err != nil {
			t.Fatal(err)
		}
		go tls.Client(near, newIdentity(t).TLSConfig(ALPN, nil, certs.AcceptAny)).Handshake()
		secure := shakeHands(context.Background(), far, config)
		if secure == nil {
			t.Fatal("no handshake")
		}
		s.stop()
		shaken(secure)
		shaken(nil) // the second call changes nothing
		if _, err := far.Write([]byte{0}); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the connection goes on after its server has stopped: %v", err)
		}
		if _, _, err := s.Admit(far); err == nil {
			t.Error("a server that has stopped admits clients")
		}
		if s.door.openTLS != 0 || s.door.inside != 0 {
			t.Errorf("%d handshakes and %d connections are left", s.door.openTLS, s.door.inside)
		}
	})
}

// Who connects again and again and says nothing, or little, holds a few connections
// for a few seconds, and others do not notice.
func TestHandshakesThatNeverEnd(t *testing.T) {
	inWorld(t, func(w *world) {
		w.tls = true
		s := w.server(1, ServerConfig{})
		at := netip.MustParseAddrPort("10.9.0.1:443")
		const tries = 60
		ended := make(chan time.Duration, tries)
		for i := range tries {
			go func() {
				c, err := w.tcp.dial(context.Background(), netip.MustParseAddr("10.9.2.1"), at)
				if err != nil {
					t.Error(err)
					return
				}
				defer c.Close()
				began := time.Now()
				for _, b := range []byte{22, 3, 1, 2, 0, 1, 0, 1, 252} { // a record, and then it would be a ClientHello
					if i%2 == 0 {
						time.Sleep(time.Second)
						if _, err := c.Write([]byte{b}); err != nil {
							break
						}
					}
				}
				c.Read(make([]byte, 1))
				ended <- time.Since(began)
			}()
		}
		time.Sleep(tcpDelay + time.Second/2)
		s.mu.Lock()
		if s.door.openTLS != maxFromSource {
			t.Errorf("%d handshakes of one source are under way, want %d", s.door.openTLS, maxFromSource)
		}
		s.mu.Unlock()
		a := w.client(s)
		w.net.SetAll(lost)
		b := w.client(s)
		b.wait(t, registered)
		a.wait(t, registered)
		if n, err := a.Send(within(5*time.Second), b.id.ID(), nil); n != 1 || err != nil {
			t.Errorf("sent to %d devices: %v", n, err)
		}
		long := 0
		for range tries {
			switch took := <-ended; {
			case took > handshakeTimeout+time.Second:
				t.Errorf("a connection that says nothing lasted %v", took)
			case took > 2*time.Second:
				long++
			}
		}
		if long > maxFromSource || s.Stats().Refused < tries-maxFromSource {
			t.Errorf("%d were kept waiting, %d refused", long, s.Stats().Refused)
		}
		stop(a, b, s)
	})
}

// Bytes that never become a TLS record are no sign of life.
func TestTricklingOverTLS(t *testing.T) {
	inWorld(t, func(w *world) {
		blockUDP(w)
		s := w.server(1, ServerConfig{})
		defer s.stop()
		r := w.rude(s)
		r.send(&register{Card: r.card(t, Device{1})})
		r.listens()
		time.Sleep(time.Second)
		if n := s.Stats().Devices; n != 1 {
			t.Fatalf("%d devices are registered", n)
		}
		r.link.(*tlsLink).idle.Stop()
		raw := r.link.(*tlsLink).conn.NetConn()
		raw.SetWriteDeadline(time.Time{})
		began := time.Now()
		for _, b := range append([]byte{23, 3, 3, 1, 0}, make([]byte, 256)...) {
			if _, err := raw.Write([]byte{b}); err != nil {
				break
			}
			time.Sleep(time.Second)
		}
		if took := time.Since(began); took > idleTimeout {
			t.Errorf("it lasted %v", took)
		}
		time.Sleep(time.Second)
		if n := s.Stats().Devices; n != 0 {
			t.Errorf("%d devices are registered", n)
		}
		r.end()
	})
}
