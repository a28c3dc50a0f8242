package quicproto

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"
)

// patience bounds what a test waits for something that must come. No test waits
// for it in vain.
const patience = 20 * time.Second

// plainSocket is a gatherSocket on loopback without QUIC.
type plainSocket struct {
	*net.UDPConn
	t *testing.T

	mu       sync.Mutex
	handle   func(from netip.AddrPort, at netip.Addr, b []byte)
	locals   []local
	received chan relayPacket
}

func newPlainSocket(t *testing.T) *plainSocket {
	t.Helper()
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	s := &plainSocket{UDPConn: c, t: t, received: make(chan relayPacket, 100)}
	var reader sync.WaitGroup
	reader.Go(s.read)
	t.Cleanup(func() {
		c.Close()
		reader.Wait()
	})
	return s
}

func (s *plainSocket) read() {
	b := make([]byte, 2000)
	for {
		n, from, err := s.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.handle != nil {
			s.handle(from, netip.Addr{}, b[:n])
		}
		s.mu.Unlock()
	}
}

func (s *plainSocket) Addr() net.Addr { return s.LocalAddr() }

func (s *plainSocket) setLocals(l []local) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.locals = l
}

func (s *plainSocket) relays() []*relay {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []*relay
	for _, l := range s.locals {
		if r, ok := l.relay.(*relay); ok {
			found = append(found, r)
		}
	}
	return found
}

func (s *plainSocket) setSTUNHandler(f func(from netip.AddrPort, at netip.Addr, b []byte)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handle = f
}

func (s *plainSocket) sendRaw(l local, b []byte, to netip.AddrPort) error {
	_, err := s.WriteToUDPAddrPort(b, to)
	return err
}

func (s *plainSocket) receive(l local, from netip.AddrPort, b []byte) {
	s.received <- relayPacket{from, slices.Clone(b)}
}

// startGathering gathers on a socket until the test ends.
func startGathering(t *testing.T, s *plainSocket, cfg GatherConfig) *Gatherer {
	t.Helper()
	cfg.Log = testLogger(t)
	ctx, cancel := context.WithCancel(t.Context())
	g := gather(ctx, s, cfg)
	t.Cleanup(func() {
		cancel()
		g.Wait()
	})
	return g
}

// testLogger logs to a test.
func testLogger(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(testLog{t}, &slog.HandlerOptions{Level: slog.LevelInfo}))
}

type testLog struct{ t *testing.T }

func (l testLog) Write(b []byte) (int, error) {
	l.t.Logf("%s", b)
	return len(b), nil
}

// await waits until what g knows is as it should be.
func (g *Gatherer) await(t *testing.T, what string, ok func([]Candidate, []error) bool) {
	t.Helper()
	late := time.After(patience)
	for {
		changed := g.Changed()
		if ok(g.Candidates(), g.Problems()) {
			return
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("no %s: candidates %v, problems %v", what, g.Candidates(), g.Problems())
		}
	}
}

// relayed finds the candidate of a relay.
func relayed(list []Candidate) (netip.AddrPort, bool) {
	for _, c := range list {
		if c.Kind == CandidateRelay {
			return c.Addr, true
		}
	}
	return netip.AddrPort{}, false
}

func hasRelay(list []Candidate, _ []error) bool {
	_, ok := relayed(list)
	return ok
}

func hasProblem(want error) func([]Candidate, []error) bool {
	return func(_ []Candidate, problems []error) bool {
		return slices.ContainsFunc(problems, func(err error) bool { return errors.Is(err, want) })
	}
}

func TestGatherAsksSTUNThroughTheSocket(t *testing.T) {
	server := startNATServer(t)
	s := newPlainSocket(t)
	g := startGathering(t, s, GatherConfig{STUN: []string{server.addr.String()}})
	want := []Candidate{
		{CandidateHost, s.LocalAddr().(*net.UDPAddr).AddrPort()},
		{CandidateReflexive, netip.MustParseAddrPort("192.0.2.7:1001")},
	}
	g.await(t, "reflexive candidate", func(list []Candidate, _ []error) bool { return slices.Equal(list, want) })
	// A NAT that forgets what it has mapped is noticed at the next question.
	server.rebind(netip.MustParseAddrPort("192.0.2.7:2002"))
	g.Kick()
	want[1].Addr = netip.MustParseAddrPort("192.0.2.7:2002")
	g.await(t, "new candidate", func(list []Candidate, _ []error) bool { return slices.Equal(list, want) })
}

func TestGatherTellsOfASymmetricNAT(t *testing.T) {
	a, b := startNATServer(t), startNATServer(t)
	b.rebind(netip.MustParseAddrPort("192.0.2.7:1002"))
	g := startGathering(t, newPlainSocket(t), GatherConfig{STUN: []string{a.addr.String(), b.addr.String()}})
	g.await(t, "symmetric NAT", hasProblem(ErrSymmetricNAT))
}

func TestGatherRelayOnly(t *testing.T) {
	stun, server := startNATServer(t), startTURN(t)
	s := newPlainSocket(t)
	g := startGathering(t, s, GatherConfig{STUN: []string{stun.addr.String()}, TURN: server.account(), RelayOnly: true})
	g.await(t, "relay", hasRelay)
	if list := g.Candidates(); len(list) != 1 {
		t.Errorf("candidates %v besides the relay", list)
	}
	if s.mu.Lock(); len(s.locals) != 1 {
		t.Errorf("packets may leave by %v", s.locals)
	}
	s.mu.Unlock()
	if n := stun.asked(); n != 0 {
		t.Errorf("a STUN server was asked %d times", n)
	}
}

func TestGatherLANOnlySendsNothing(t *testing.T) {
	stun, server := startNATServer(t), startTURN(t)
	s := newPlainSocket(t)
	g := startGathering(t, s, GatherConfig{STUN: []string{stun.addr.String(), "name.invalid"}, TURN: server.account(), LANOnly: true})
	want := []Candidate{{CandidateHost, s.LocalAddr().(*net.UDPAddr).AddrPort()}}
	g.await(t, "host", func(list []Candidate, _ []error) bool { return slices.Equal(list, want) })
	g.Kick()
	g.SetServers([]string{stun.addr.String()}, server.account())
	g.await(t, "host", func(list []Candidate, problems []error) bool { return slices.Equal(list, want) && problems == nil })
	if n := stun.asked() + server.asked(); n != 0 {
		t.Errorf("%d packets to servers", n)
	}
}

func TestGatherNoRelay(t *testing.T) {
	stun, server := startNATServer(t), startTURN(t)
	g := startGathering(t, newPlainSocket(t), GatherConfig{STUN: []string{stun.addr.String()}, TURN: server.account(), NoRelay: true})
	g.await(t, "reflexive candidate", func(list []Candidate, _ []error) bool { return len(list) == 2 })
	if n := server.asked(); n != 0 {
		t.Errorf("%d packets to the relay", n)
	}
}

func TestGatherSaysWhichServerIsNone(t *testing.T) {
	g := startGathering(t, newPlainSocket(t), GatherConfig{
		STUN: []string{"host:0", "no such host"}, TURN: []TURNServer{{URL: "https://relay.example"}}})
	g.await(t, "problems", func(_ []Candidate, problems []error) bool { return len(problems) == 3 })
	for _, err := range g.Problems() {
		if !errors.Is(err, ErrServerName) {
			t.Errorf("%v is no ErrServerName", err)
		}
	}
}
