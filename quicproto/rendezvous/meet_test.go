package rendezvous

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto/quictest"
)

func newIdentity(t testing.TB) *certs.Identity {
	t.Helper()
	id, err := certs.New()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// world is a network of servers and clients in virtual time.
type world struct {
	t     *testing.T
	net   *quictest.Network
	tcp   *tcpWorld
	tls   bool // servers offer it
	mu    sync.Mutex
	hosts int // given out; servers have the first ones
}

// inWorld runs a test in a network whose round trip takes 100 ms.
func inWorld(t *testing.T, test func(*world)) {
	synctest.Test(t, func(t *testing.T) {
		test(newWorld(t))
	})
}

func newWorld(t *testing.T) *world {
	tcp := &tcpWorld{listeners: make(map[netip.AddrPort]*tcpListener)}
	return &world{t: t, net: quictest.NewNetwork(1, usual), tcp: tcp, hosts: 100}
}

// dial connects over TCP, from the address that all clients share.
func (w *world) dial(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	return w.tcp.dial(ctx, netip.MustParseAddr("10.9.1.1"), to)
}

// socket opens a socket of a host of its own.
func (w *world) socket() (net.PacketConn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hosts++
	return w.net.Socket(w.hosts), nil
}

// house is a server that runs.
type house struct {
	*Server
	socket net.PacketConn
	addr   string
	id     *certs.Identity
	stop   func()
}

// server runs a server on a host below 100.
func (w *world) server(host int, config ServerConfig) *house {
	w.t.Helper()
	if config.Identity == nil {
		config.Identity = newIdentity(w.t)
	}
	s, err := NewServer(config)
	if err != nil {
		w.t.Fatal(err)
	}
	socket := w.net.Socket(host)
	var listeners []net.Listener
	if w.tls {
		at := socket.LocalAddr().(*net.UDPAddr).AddrPort().Addr()
		listeners = append(listeners, w.tcp.listen(netip.AddrPortFrom(at, TLSPort)))
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, socket, listeners...) }()
	return &house{s, socket, socket.LocalAddr().String(), config.Identity, sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Errorf("serve: %v", err)
		}
	})}
}

// program is a client that runs.
type program struct {
	*Client
	id   *certs.Identity
	got  chan Mail
	stop func()
}

// client runs a client of the servers.
func (w *world) client(servers ...*house) *program {
	return w.clientOf(newIdentity(w.t), ClientConfig{}, servers...)
}

func (w *world) clientOf(id *certs.Identity, config ClientConfig, servers ...*house) *program {
	p := &program{id: id, got: make(chan Mail, 256)}
	var addrs []string
	for _, s := range servers {
		addrs = append(addrs, s.addr)
	}
	config.Identity, config.Server, config.Handle = id, strings.Join(addrs, ","), func(m Mail) { p.got <- m }
	if config.Listen == nil {
		config.Listen = w.socket
	}
	if config.Dial == nil {
		config.Dial = w.dial
	}
	p.Client = NewClient(config)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	p.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Errorf("run: %v", err)
		}
	})
	return p
}

// wait returns when the client's state is as it should be, and how long that took.
func (p *program) wait(t *testing.T, want func(State) bool) time.Duration {
	t.Helper()
	began := time.Now()
	deadline := time.After(2 * time.Minute)
	for {
		changed := p.Changed()
		if want(p.State()) {
			return time.Since(began)
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("the state is still %+v", p.State())
		}
	}
}

func registered(s State) bool { return s.Registered }

// mail is the next that comes.
func (p *program) mail(t *testing.T) Mail {
	t.Helper()
	select {
	case m := <-p.got:
		return m
	case <-time.After(10 * time.Second):
		t.Fatal("no mail")
		return Mail{}
	}
}

// silent says that no mail comes.
func (p *program) silent(t *testing.T) {
	t.Helper()
	select {
	case m := <-p.got:
		t.Errorf("unexpected mail: %q", m.Body)
	case <-time.After(2 * time.Second):
	}
}

func within(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	context.AfterFunc(ctx, cancel)
	return ctx
}

// stop ends all of them.
func stop(all ...interface{ end() }) {
	for _, x := range all {
		x.end()
	}
}

func (h *house) end()   { h.stop() }
func (p *program) end() { p.stop() }

func TestTwoPeersMeet(t *testing.T) {
	inEachWorld(t, func(t *testing.T, w *world) {
		s := w.server(1, ServerConfig{})
		a, b := w.client(s), w.client(s)
		defer stop(a, b, s)
		b.wait(t, registered)
		n, err := a.Send(within(5*time.Second), b.id.ID(), []byte("offer"))
		if n != 1 || err != nil {
			t.Fatalf("sent to %d devices: %v", n, err)
		}
		m := b.mail(t)
		if m.From != a.id.ID() || m.Device != a.Device() || string(m.Body) != "offer" {
			t.Fatalf("got %+v", m)
		}
		began := time.Now()
		if err := b.Reply(within(5*time.Second), m, []byte("answer")); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > 110*time.Millisecond {
			t.Errorf("a reply took %v, want one round trip", took)
		}
		if m := a.mail(t); m.From != b.id.ID() || string(m.Body) != "answer" {
			t.Fatalf("got %+v", m)
		}
		if _, err := a.Send(within(5*time.Second), newIdentity(t).ID(), []byte("x")); !errors.Is(err, ErrOffline) {
			t.Errorf("to somebody who is not there: %v", err)
		}
	})
}
