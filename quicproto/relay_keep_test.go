package quicproto

import (
	"testing"
)

func TestKeptRelaySurvivesARestart(t *testing.T) {
	server := startTURN(t)
	g := startGathering(t, newPlainSocket(t), GatherConfig{TURN: server.account()})
	g.await(t, "relay", hasRelay)
	old, _ := relayed(g.Candidates())
	server.stop()
	server.start(server.addr)
	g.Kick()
	g.await(t, "another relay", func(list []Candidate, _ []error) bool {
		now, ok := relayed(list)
		return ok && now != old
	})
}

func TestKeptRelayIsBackWithItsServer(t *testing.T) {
	server := startTURN(t)
	g := startGathering(t, newPlainSocket(t), GatherConfig{TURN: server.account()})
	g.await(t, "relay", hasRelay)
	server.stop()
	g.Kick() // what a peer who sends does too: ICMP says that nobody is there
	g.await(t, "problem", hasProblem(ErrRelaySilent))
	if hasRelay(g.Candidates(), nil) {
		t.Error("the relay is still offered")
	}
	server.start(server.addr)
	g.await(t, "relay", hasRelay)
	g.await(t, "end of the problem", func(_ []Candidate, problems []error) bool { return problems == nil })
}

func TestKeptRelayTakesNewCredentials(t *testing.T) {
	server := startTURN(t)
	s := newPlainSocket(t)
	g := startGathering(t, s, GatherConfig{TURN: server.account()})
	g.await(t, "relay", hasRelay)
	old, _ := relayed(g.Candidates())
	server.password.Store("renewed")
	list := server.account()
	list[0].Password = "renewed"
	g.SetServers(nil, list)
	g.await(t, "another relay", func(list []Candidate, _ []error) bool {
		now, ok := relayed(list)
		return ok && now != old
	})
	// The old one stays until nobody uses it any more.
	if relays := s.relays(); len(relays) != 2 || relays[1].addr != old {
		t.Errorf("%d relays", len(relays))
	}
}

func TestKeptRelayIsRefused(t *testing.T) {
	server := startTURN(t)
	list := server.account()
	list[0].Username = "mallory"
	g := startGathering(t, newPlainSocket(t), GatherConfig{TURN: list})
	g.await(t, "refusal", hasProblem(ErrRelayRefused))
	g.SetServers(nil, server.account())
	g.await(t, "relay", hasRelay)
}

func TestRelayByTCPWhereUDPIsBlocked(t *testing.T) {
	server := startTURN(t)
	server.deaf.Store(true)
	s := newPlainSocket(t)
	g := startGathering(t, s, GatherConfig{TURN: server.account()})
	g.await(t, "relay", hasRelay)
	if way := s.relays()[0].way.transport; way != turnTCP {
		t.Errorf("the relay is reached over %v", way)
	}
}

func TestRelayByTLS(t *testing.T) {
	server := startTURN(t)
	s := newPlainSocket(t)
	g := startGathering(t, s, GatherConfig{TURN: []TURNServer{
		{URL: "turns:" + server.secure.String(), Username: "alice", Password: "secret", TLS: server.clientTLS()}}})
	g.await(t, "relay", hasRelay)
	if way := s.relays()[0].way.transport; way != turnTLS {
		t.Errorf("the relay is reached over %v", way)
	}
	g.SetServers(nil, []TURNServer{{URL: "turns:" + server.secure.String(), Username: "alice", Password: "secret"}})
	other := startGathering(t, newPlainSocket(t), GatherConfig{TURN: []TURNServer{{URL: "turns:" + server.secure.String()}}})
	other.await(t, "untrusted certificate", hasProblem(ErrRelaySilent))
}

func TestGatherLeavesNothingBehind(t *testing.T) {
	server := startTURN(t)
	t.Run("", func(t *testing.T) {
		g := startGathering(t, newPlainSocket(t), GatherConfig{TURN: server.account()})
		g.await(t, "relay", hasRelay)
	})
	if n := server.server.AllocationCount(); n != 0 {
		t.Errorf("%d allocations left", n)
	}
}
