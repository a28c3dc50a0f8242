package natlab

import (
	"os"
	"testing"

	"github.com/skulltech/prattle/peer/netns"
	"github.com/skulltech/prattle/peer/prattletest"
)

// captureAt begins to capture all that goes over the devices of a host.
func captureAt(t testing.TB, h *HostNode) *netns.Capture {
	t.Helper()
	c, err := h.Capture()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Stop() })
	return c
}

// onTheWire is what was captured, one packet after the other.
func onTheWire(packets []netns.Captured) []byte {
	var all []byte
	for _, p := range packets {
		all = append(all, p.Frame...)
	}
	return all
}

func TestWhatIsSearchedForIsFound(t *testing.T) {
	l := openLab(t, site(Router{Kind: FullCone}))
	wire := captureAt(t, l.Host("server"))
	client, server := listen(t, l, "client", 0), listen(t, l, "server", 0)
	const needle = "a needle in a haystack"
	client.send(server.addr(), needle)
	server.receive()
	stdin, typing, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer typing.Close()
	p, err := l.Host("client").Start(t.Context(), netns.Command{
		Name: "shell", Await: "ready", Env: []string{"NEEDLE=" + needle}, Stdin: stdin,
		Args: []string{"sh", "-c", "echo ready >&2; read line"},
	})
	stdin.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	if err := p.Await(t.Context()); err != nil {
		t.Fatal(err)
	}
	mem, err := p.Memory()
	if err != nil {
		t.Fatal(err)
	}
	wanted := []prattletest.Secret{{Name: "the needle", Bytes: []byte(needle)}, {Name: "another", Bytes: []byte("no such thing")}}
	for where, haystack := range map[string][]byte{"the wire": onTheWire(wire.Stop()), "the memory": mem} {
		if n, found := prattletest.Hits(haystack, wanted); n == 0 || len(found) != 1 {
			t.Errorf("in %s, %d hits: %v", where, n, found)
		}
	}
}
