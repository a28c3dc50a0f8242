package quicproto

import (
	"bytes"
	"net"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// startCoturn starts coturn on loopback, as its users know it, and returns what
// stops it.
func startCoturn(t *testing.T, port string) (stop func()) {
	t.Helper()
	dir := t.TempDir()
	c := exec.Command("turnserver", "-n", "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", "--listening-port="+port,
		"--lt-cred-mech", "--user=alice:secret", "--realm=test", "--allow-loopback-peers", "--no-tls", "--no-dtls", "--no-cli",
		"--log-file=stdout", "--pidfile="+filepath.Join(dir, "pid"), "--db="+filepath.Join(dir, "db"))
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	stop = func() {
		c.Process.Kill()
		c.Wait()
	}
	t.Cleanup(stop)
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		probe, err := net.Dial("tcp4", "127.0.0.1:"+port)
		if err == nil {
			probe.Close()
			return stop
		}
		if time.Now().After(end) {
			t.Fatalf("coturn did not start: %v", err)
		}
	}
}

// TestGatherByCoturn gathers by a server that is not ours, and is not pion's either.
func TestGatherByCoturn(t *testing.T) {
	if _, err := exec.LookPath("turnserver"); err != nil {
		t.Skipf("needs coturn: %v", err)
	}
	free, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	free.Close()
	_, port, _ := net.SplitHostPort(addr)
	stop := startCoturn(t, port)
	s := newPlainSocket(t)
	g := startGathering(t, s, GatherConfig{
		STUN: []string{addr}, TURN: []TURNServer{{URL: "turn:" + addr, Username: "alice", Password: "secret"}}})
	g.await(t, "relay", hasRelay)
	echoThrough(t, s.relays()[0], s.received)
	old, _ := relayed(g.Candidates())
	stop()
	g.Kick()
	g.await(t, "problem", hasProblem(ErrRelaySilent))
	startCoturn(t, port)
	begin := time.Now()
	g.await(t, "another relay", func(list []Candidate, _ []error) bool {
		now, ok := relayed(list)
		return ok && now != old
	})
	t.Logf("relayed again %v after coturn was back", time.Since(begin))
	echoThrough(t, s.relays()[0], s.received)
}

// echoThrough has packets go through a relay and come back, until by a channel.
func echoThrough(t *testing.T, r *relay, received <-chan relayPacket) {
	t.Helper()
	peer, addr := listenPeer(t)
	go func() { // ends with the socket
		b := make([]byte, 2000)
		for {
			n, from, err := peer.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			peer.WriteToUDPAddrPort(b[:n], from)
		}
	}()
	for i := 0; !r.hasChannel(addr); i++ {
		want := bytes.Repeat([]byte{byte(i)}, 1200)
		if err := r.send(want, addr); err != nil {
			t.Fatal(err)
		}
		select {
		case got := <-received:
			if got.to != addr || !bytes.Equal(got.data, want) {
				t.Fatalf("packet %d: %d bytes from %v", i, len(got.data), got.to)
			}
		case <-time.After(patience):
			t.Fatalf("packet %d did not come back", i)
		}
	}
}
