package natlab

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/peer/prattletest"
)

// offSubnet counts what a host sends beyond its subnets: anything but loopback,
// multicast on the link (mDNS, neighbours) and the subnets themselves.
const offSubnet = `table inet watch {
	chain output {
		type filter hook output priority filter
		oifname "lo" accept
		ip daddr { %[1]s, 224.0.0.0/24, 255.255.255.255 } counter accept
		ip6 daddr { %[2]s, fe80::/10, ff02::/16 } counter accept
		counter drop comment "off the subnet"
	}
}
`

// TestLANStaysInTheSubnet fails on any packet that a call with --lan sends beyond
// the subnet.
func TestLANStaysInTheSubnet(t *testing.T) {
	topology := Topology{Routers: []Router{{Name: "a", Kind: FullCone}}, Hosts: []Host{{"ann", []string{"a"}}, {"bob", []string{"a"}}}}
	w := openWorld(t, topology)
	subnets := w.subnets(w.topology.router("a"))
	for _, host := range []string{"ann", "bob"} {
		if err := w.Host(host).Filter(fmt.Sprintf(offSubnet, subnets[0], subnets[1])); err != nil {
			t.Fatal(err)
		}
	}
	bob := w.listen("bob", "--lan")
	ann := w.callTo("ann", fmt.Sprintf("%s@%s", bob.ID, w.Host("bob").Addrs("a")[0]), "--lan")
	w.mustConnect(ann, bob)
	prattletest.After(w.t, 5*time.Second)
	if state, path := ann.Trace().Now(); state != "connected" || path != "direct" {
		t.Errorf("%s, %s\n%s", state, path, ann.Notes())
	}
	ann.Stop()
	bob.Stop()
	for _, host := range []string{"ann", "bob"} {
		out, err := w.Host(host).Run("", "nft", "list", "table", "inet", "watch")
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out, `ip daddr`) && strings.Contains(out, "packets 0 bytes 0 accept") && !strings.Contains(out, "ip6") {
			t.Errorf("%s sent nothing at all:\n%s", host, out)
		}
		if !strings.Contains(out, `counter packets 0 bytes 0 drop comment "off the subnet"`) {
			t.Errorf("%s sent packets beyond its subnet:\n%s", host, out)
		}
	}
	prattletest.Tell("--lan", "0 packets beyond the subnet", "0")
}

// What is said in TestTheRelayReadsNothing, in words that are nowhere else.
const (
	chatLine   = "the xylophone of Quetzaltenango is out of tune"
	annsName   = "Ann Vortigern-Whipplethorpe"
	bobsName   = "Bob Oughterard-Zwingenberger"
	saidInTime = 10 * time.Second
)

// TestTheRelayReadsNothing searches all that passes the server, and its memory, for
// what was said in a call, who they say they are, and what let them in.
func TestTheRelayReadsNothing(t *testing.T) {
	w := openWorld(t, pair(Router{Kind: Symmetric, Family: IPv4}, Router{Kind: Symmetric, Family: IPv4}))
	wire := captureAt(t, w.Host("server"))
	server := w.serve("server")
	bob := w.listen("bob", "--answer", "known", "--name", bobsName)
	ticket, text := w.invite(bob)
	stdin, typing, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer typing.Close()
	ann := w.newSide()
	ann.start("ann", "connected with ", stdin, "call", text, "--name", annsName)
	stdin.Close()
	w.mustConnect(ann, bob)
	w.waitForPath("relay", ann, bob)
	fmt.Fprintln(typing, chatLine)
	for deadline := time.Now().Add(saidInTime); !strings.Contains(bob.Notes(), chatLine); prattletest.After(w.t, 50*time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("what was typed did not arrive\n%s\n%s", ann.Notes(), bob.Notes())
		}
	}
	mem, err := server.Memory()
	if err != nil {
		t.Fatal(err)
	}
	ann.Stop()
	bob.Stop()
	server.Stop()
	packets := wire.Stop()
	passed := onTheWire(packets)
	secrets := []prattletest.Secret{
		{Name: "chat", Bytes: []byte(chatLine)}, {Name: "a name", Bytes: []byte(annsName)}, {Name: "a name", Bytes: []byte(bobsName)},
		{Name: "the ticket", Bytes: []byte(text)}, {Name: "the ticket's secret", Bytes: ticket.Secret[:]},
		{Name: "the ticket's secret", Bytes: []byte(hex.EncodeToString(ticket.Secret[:]))},
		{Name: "the ticket's secret", Bytes: []byte(base64.RawURLEncoding.EncodeToString(ticket.Secret[:])[:21])},
	}
	// What must be there, or the search is worth nothing.
	known := ticket.ID
	if n, _ := prattletest.Hits(mem, []prattletest.Secret{{Name: "", Bytes: known[:]}}); n == 0 {
		t.Error("not even the peer ID of who has registered is in the memory of the server")
	}
	if n, _ := prattletest.Hits(passed, []prattletest.Secret{{Name: "", Bytes: []byte{0x21, 0x12, 0xa4, 0x42}}}); n == 0 || len(packets) < 200 {
		t.Errorf("%d packets, and %d of STUN: the capture has missed the call", len(packets), n)
	}
	onWire, what := prattletest.Hits(passed, secrets)
	inMemory, more := prattletest.Hits(mem, secrets)
	if onWire+inMemory > 0 {
		t.Errorf("on the wire: %v; in memory: %v", what, more)
	}
	prattletest.Tell("search of the relay's wire and memory", fmt.Sprintf("%d hits in %d packets, %d hits in %d MiB of memory", onWire, len(packets), inMemory, len(mem)>>20), "0 hits")
}

// invite has a ticket made for the listener that runs.
func (w *world) invite(s *side) (certs.Ticket, string) {
	w.t.Helper()
	p := w.run("bob", "", nil, nil, w.prattle, "invite", "--no-wait", "--identity", s.Identity, "--server", w.server)
	if err := p.Wait(); err != nil {
		w.t.Fatal(err)
	}
	text := strings.TrimSpace(string(p.Output()))
	ticket, err := certs.ParseTicket(text, time.Now())
	if err != nil {
		w.t.Fatalf("%v: %q in %s", err, text, filepath.Base(s.TraceFile))
	}
	return ticket, text
}
