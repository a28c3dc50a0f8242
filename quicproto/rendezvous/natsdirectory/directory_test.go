package natsdirectory

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"go.uber.org/goleak"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto/rendezvous"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what should come at once.
const patience = 20 * time.Second

// startNATS runs a NATS server on a port of loopback, or on a free one.
func startNATS(t *testing.T, port int) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(patience) {
		t.Fatal("NATS does not start")
	}
	t.Cleanup(func() { stopNATS(s) })
	return s
}

func stopNATS(s *server.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}

func open(t *testing.T, s *server.Server) *Directory {
	t.Helper()
	d, err := Open(Config{URL: s.ClientURL()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

func newIdentity(t *testing.T) *certs.Identity {
	t.Helper()
	id, err := certs.New()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// prattled is a rendezvous server with a directory of its own.
type prattled struct {
	*rendezvous.Server
	directory *Directory
	addr      string
	kill      func()
}

func startPrattled(t *testing.T, n *server.Server, id *certs.Identity) *prattled {
	t.Helper()
	d, err := Open(Config{URL: n.ClientURL()})
	if err != nil {
		t.Fatal(err)
	}
	s, err := rendezvous.NewServer(rendezvous.ServerConfig{Identity: id, Directory: d})
	if err != nil {
		t.Fatal(err)
	}
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Serve(ctx, socket)
	}()
	p := &prattled{s, d, socket.LocalAddr().String(), sync.OnceFunc(func() {
		d.Close() // first, as the process dies: its clients have yet to find out
		cancel()
		<-done
	})}
	t.Cleanup(p.kill)
	return p
}

type program struct {
	*rendezvous.Client
	id  *certs.Identity
	got chan rendezvous.Mail
}

func startClient(t *testing.T, servers string) *program {
	t.Helper()
	p := &program{id: newIdentity(t), got: make(chan rendezvous.Mail, 16)}
	p.Client = rendezvous.NewClient(rendezvous.ClientConfig{
		Identity: p.id, Server: servers, Handle: func(m rendezvous.Mail) { p.got <- m },
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return p
}

// at waits until the client is registered at a server.
func (p *program) at(t *testing.T, addr string) {
	t.Helper()
	deadline := time.After(patience)
	for {
		changed := p.Changed()
		if s := p.State(); s.Registered && s.Server == addr {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("not at %s: %+v", addr, p.State())
		}
	}
}

// tell sends from one to the other, and back.
func tell(t *testing.T, a, b *program) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if n, err := a.Send(ctx, b.id.ID(), []byte("offer")); n != 1 || err != nil {
		t.Fatalf("sent to %d devices: %v", n, err)
	}
	m := <-b.got
	if m.From != a.id.ID() || string(m.Body) != "offer" {
		t.Fatalf("got %q from %v", m.Body, m.From)
	}
	if err := b.Reply(ctx, m, []byte("answer")); err != nil {
		t.Fatal(err)
	}
	if m := <-a.got; m.From != b.id.ID() || string(m.Body) != "answer" {
		t.Fatalf("got %q from %v", m.Body, m.From)
	}
}

// Peers at different servers call each other; when one server dies, its peers are
// found at the other.
func TestTwoServersOnOneNATS(t *testing.T) {
	n := startNATS(t, server.RANDOM_PORT)
	id := newIdentity(t)
	one, two := startPrattled(t, n, id), startPrattled(t, n, id)
	a, b := startClient(t, one.addr+","+two.addr), startClient(t, two.addr+","+one.addr)
	a.at(t, one.addr)
	b.at(t, two.addr)
	tell(t, a, b)
	tell(t, b, a)
	one.kill()
	a.at(t, two.addr)
	tell(t, a, b)
	tell(t, b, a)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if _, err := a.Send(ctx, newIdentity(t).ID(), nil); !errors.Is(err, rendezvous.ErrOffline) {
		t.Errorf("to nobody: %v", err)
	}
}

// A device that moves is found where it is now, and only there.
func TestDeviceMoves(t *testing.T) {
	n := startNATS(t, server.RANDOM_PORT)
	one, two, three := open(t, n), open(t, n), open(t, n)
	peer, ctx := newIdentity(t).ID(), context.Background()
	replaced, moved := make(chan struct{}), make(chan struct{}, 1)
	r := rendezvous.Registration{Peer: peer, Device: rendezvous.Device{1}, Card: card(1), Replaced: func() { close(replaced) }}
	first, err := one.Register(r)
	if err != nil {
		t.Fatal(err)
	}
	r.Card, r.Replaced = card(2), func() { t.Error("the new registration was replaced") }
	r.Deliver = func(rendezvous.Letter) error { moved <- struct{}{}; return nil }
	second, err := two.Register(r)
	if err != nil {
		t.Fatal(err)
	}
	<-replaced
	for name, d := range map[string]*Directory{"one": one, "two": two, "three": three} {
		cards, err := d.Lookup(ctx, peer)
		if err != nil || len(cards) != 1 || cards[0].Key[0] != 2 {
			t.Errorf("%s has %d cards: %v", name, len(cards), err)
		}
		if err := d.Forward(ctx, letter(peer, r.Device)); err != nil {
			t.Errorf("%s: forward: %v", name, err)
		}
		<-moved
	}
	first.Remove()
	if cards, err := three.Lookup(ctx, peer); err != nil || len(cards) != 1 {
		t.Errorf("after the old one has gone: %d cards, %v", len(cards), err)
	}
	second.Renew(card(3))
	if cards, _ := three.Lookup(ctx, peer); len(cards) != 1 || cards[0].Key[0] != 3 {
		t.Errorf("the new card is not there: %v", cards)
	}
	second.Remove()
	if cards, err := three.Lookup(ctx, peer); err != nil || len(cards) != 0 {
		t.Errorf("after the end: %d cards, %v", len(cards), err)
	}
	if err := three.Forward(ctx, letter(peer, r.Device)); !errors.Is(err, rendezvous.ErrOffline) {
		t.Errorf("forward after the end: %v", err)
	}
}

// Devices of one peer at several servers are all found, up to the bound.
func TestDevicesAtSeveralServers(t *testing.T) {
	n := startNATS(t, server.RANDOM_PORT)
	peer, ctx := newIdentity(t).ID(), context.Background()
	asker := open(t, n)
	for i := range 4 {
		d := open(t, n)
		for k := range 3 {
			_, err := d.Register(rendezvous.Registration{
				Peer: peer, Device: rendezvous.Device{byte(i), byte(k)}, Card: card(1),
				Deliver: func(rendezvous.Letter) error { return rendezvous.ErrBusy },
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if cards, err := asker.Lookup(ctx, peer); err != nil || len(cards) != rendezvous.MaxDevices {
		t.Errorf("%d cards: %v", len(cards), err)
	}
	if err := asker.Forward(ctx, letter(peer, rendezvous.Device{3, 2})); !errors.Is(err, rendezvous.ErrBusy) {
		t.Errorf("forward: %v", err)
	}
}

// While NATS is away a server serves those who are at it, and when it is back all.
func TestNATSIsAway(t *testing.T) {
	n := startNATS(t, server.RANDOM_PORT)
	port := n.Addr().(*net.TCPAddr).Port
	one, two := open(t, n), open(t, n)
	here, there, ctx := newIdentity(t).ID(), newIdentity(t).ID(), context.Background()
	stopNATS(n)
	waitFor(t, func() bool { return one.Err() != nil && two.Err() != nil })
	for d, peer := range map[*Directory]certs.PeerID{one: here, two: there} {
		if _, err := d.Register(rendezvous.Registration{Peer: peer, Card: card(1)}); err != nil {
			t.Fatal(err)
		}
	}
	if cards, err := one.Lookup(ctx, here); err != nil || len(cards) != 1 {
		t.Errorf("of a peer that is here: %d cards, %v", len(cards), err)
	}
	if _, err := one.Lookup(ctx, there); !errors.Is(err, rendezvous.ErrUnavailable) {
		t.Errorf("of a peer that is elsewhere: %v", err)
	}
	if err := one.Forward(ctx, letter(there, rendezvous.Device{})); !errors.Is(err, rendezvous.ErrUnavailable) {
		t.Errorf("to a peer that is elsewhere: %v", err)
	}
	startNATS(t, port)
	waitFor(t, func() bool {
		cards, err := one.Lookup(ctx, there)
		return err == nil && len(cards) == 1
	})
}

// What other users of NATS send is no reason to fall over.
func TestForeignMessages(t *testing.T) {
	n := startNATS(t, server.RANDOM_PORT)
	d, mallory := open(t, n), open(t, n)
	peer, device, ctx := newIdentity(t).ID(), rendezvous.Device{1}, context.Background()
	delivered := make(chan rendezvous.Letter, 16)
	_, err := d.Register(rendezvous.Registration{Peer: peer, Device: device, Card: card(1), Deliver: func(l rendezvous.Letter) error {
		delivered <- l
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	other, err := letter(newIdentity(t).ID(), device).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range [][]byte{nil, {0xff}, make([]byte, 1<<17), other} {
		for _, s := range subjectsOf(peer, device)[:2] {
			if err := mallory.nats.PublishRequest(s, "nobody", b); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := mallory.Forward(ctx, letter(peer, device)); err != nil {
		t.Errorf("forward: %v", err)
	}
	if len(delivered) != 1 {
		t.Errorf("%d letters were delivered, want 1", len(delivered))
	}
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not come")
		}
	}
}

// card looks like one, of a device that has no key.
func card(n byte) rendezvous.Card {
	return rendezvous.Card{Key: []byte{n}, Signature: make([]byte, 64)}
}

func letter(to certs.PeerID, device rendezvous.Device) rendezvous.Letter {
	return rendezvous.Letter{Card: card(1), To: to, Device: device, Sealed: make([]byte, 2000)}
}
