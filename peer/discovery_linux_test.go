package peer

import (
	"bufio"
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/skulltech/prattle/peer/netns"
)

// The real thing: members are processes of this program in network namespaces that
// are joined by a bridge. They say on stderr what happens, with the time.

// memberEnv makes this program a member: "N ROOM", its number and its room, or
// "rooms", which lists those around.
const memberEnv = "PRATTLE_TEST_DISCOVERY"

// lanPatience is far more than anything here takes.
const lanPatience = 20 * time.Second

func init() {
	if what := os.Getenv(memberEnv); what == "rooms" {
		beLookout()
	} else if what != "" {
		beMember(what)
	}
}

func beMember(what string) {
	number, room, _ := strings.Cut(what, " ")
	n, _ := strconv.Atoi(number)
	say("open")
	d, err := openDiscovery(discoveryConfig{
		room: room, instance: instance{byte(n)}, announce: true,
		listen: netip.AddrPortFrom(netip.IPv6Unspecified(), 7000+uint16(n)),
	})
	if err != nil {
		say("error", err)
		os.Exit(1)
	}
	say("opened", d.problem())
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	for {
		select {
		case s := <-d.sightings():
			say("saw", int(s.instance[0]), listed(s.addrs), d.problem())
		case <-ctx.Done():
			say("close")
			d.Close()
			os.Exit(0)
		}
	}
}

func beLookout() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	found, err := FindRooms(ctx, nil)
	for _, s := range found {
		say("found", int(s.Instance[0]), s.Is("kitchen"), listed(s.Addrs))
	}
	say("opened", err)
	os.Exit(0)
}

func say(what string, about ...any) {
	fmt.Fprint(os.Stderr, time.Now().UnixNano(), " ", what, " ", fmt.Sprintln(about...))
}

// listed has no spaces in it.
func listed(addrs []netip.AddrPort) string {
	var list []string
	for _, a := range addrs {
		list = append(list, a.String())
	}
	return strings.Join(list, ",")
}

// said is a line of a member.
type said struct {
	at    time.Time
	words []string // what it says, then what about
}

// bridge is a switch, to which namespaces are plugged.
type bridge struct {
	t    *testing.T
	hub  *netns.Namespace
	next int
}

func newBridge(t *testing.T) *bridge {
	t.Helper()
	b := &bridge{t: t, hub: namespace(t)}
	inside(t, b.hub, "link add br0 type bridge", "link set br0 up")
	return b
}

func namespace(t *testing.T) *netns.Namespace {
	t.Helper()
	n, err := netns.Open()
	if err != nil {
		t.Skipf("needs root, for network namespaces: %v", err)
	}
	t.Cleanup(n.Close)
	return n
}

// plug connects a namespace, and gives it an address if there is one.
func (b *bridge) plug(n *netns.Namespace, addr string) {
	b.t.Helper()
	b.next++
	port := fmt.Sprintf("port%d", b.next)
	inside(b.t, n, "link add eth0 type veth peer name "+port+" netns "+b.hub.Path())
	if addr != "" {
		inside(b.t, n, "addr add "+addr+" dev eth0")
	}
	inside(b.t, b.hub, "link set "+port+" master br0 up")
	inside(b.t, n, "link set eth0 up")
}

// inside lets ip(8) do what the lines say.
func inside(t *testing.T, n *netns.Namespace, lines ...string) {
	t.Helper()
	cmd := exec.Command("ip", "-batch", "-")
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	var notes strings.Builder
	cmd.Stdout, cmd.Stderr = &notes, &notes
	if err := n.Do(cmd.Run); err != nil {
		t.Fatalf("ip %q: %v: %s", lines, err, notes.String())
	}
}

// startMember starts a member, and does not wait for it.
func startMember(t *testing.T, n *netns.Namespace, what string) *netns.Process {
	t.Helper()
	p, err := n.Start(t.Context(), netns.Command{
		Name: "member " + what, Await: " opened", Home: t.TempDir(), Env: []string{memberEnv + "=" + what}, Args: []string{os.Args[0]},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return p
}

// spoken is what a member has said so far.
func spoken(t *testing.T, p *netns.Process) []said {
	t.Helper()
	var all []said
	for lines := bufio.NewScanner(strings.NewReader(p.Notes())); lines.Scan(); {
		words := strings.Fields(lines.Text())
		at, err := strconv.ParseInt(words[0], 10, 64)
		if err != nil {
			t.Fatalf("a member said %q", lines.Text())
		}
		all = append(all, said{time.Unix(0, at), words[1:]})
	}
	return all
}

// await waits until a member has said something, and returns the first line in which
// it did.
func await(t *testing.T, p *netns.Process, words ...string) said {
	t.Helper()
	for deadline := time.Now().Add(lanPatience); ; time.Sleep(5 * time.Millisecond) {
		for _, s := range spoken(t, p) {
			if len(s.words) >= len(words) && slices.Equal(s.words[:len(words)], words) {
				return s
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("never said %q:\n%s", words, p.Notes())
		}
	}
}

func TestMembersMeetOnABridge(t *testing.T) {
	t.Parallel()
	const members = 8
	b := newBridge(t)
	var all []*netns.Process
	var nodes []*netns.Namespace
	for i := range members {
		nodes = append(nodes, namespace(t))
		b.plug(nodes[i], fmt.Sprintf("10.7.0.%d/24", i+1))
	}
	for i, n := range nodes {
		all = append(all, startMember(t, n, fmt.Sprintf("%d kitchen", i+1)))
	}
	var took []time.Duration
	for i, p := range all {
		for j, other := range all {
			if i == j {
				continue
			}
			met := await(t, p, "saw", strconv.Itoa(j+1)).at
			began := await(t, other, "open").at
			if own := await(t, p, "open").at; own.After(began) {
				began = own
			}
			took = append(took, met.Sub(began))
		}
	}
	slices.Sort(took)
	t.Logf("from the start of the later of two until one saw the other, of %d: p50 %v p95 %v max %v",
		len(took), took[len(took)/2], took[len(took)*95/100], took[len(took)-1])

	all[0].Stop()
	left := time.Now()
	time.Sleep(sightingInterval + time.Second)
	for i, p := range all[1:] {
		for _, s := range spoken(t, p) {
			if s.words[0] == "saw" && s.words[1] == "1" && s.at.After(left) {
				t.Errorf("%d saw 1 %v after it had said goodbye", i+2, s.at.Sub(left))
			}
		}
	}
	rooms := startMember(t, nodes[0], "rooms")
	await(t, rooms, "opened")
	for i := range all[1:] {
		await(t, rooms, "found", strconv.Itoa(i+2), "true")
	}
}

func TestACableIsPluggedInLater(t *testing.T) {
	t.Parallel()
	b := newBridge(t)
	early, late := namespace(t), namespace(t)
	b.plug(early, "10.7.0.1/24")
	first, second := startMember(t, early, "1 kitchen"), startMember(t, late, "2 kitchen")
	await(t, first, "opened", "<nil>")
	await(t, second, append([]string{"opened"}, strings.Fields(ErrNoLAN.Error())...)...)
	plugged := time.Now()
	b.plug(late, "10.7.0.2/24")
	s := await(t, second, "saw", "1")
	t.Logf("%v after it was plugged in it saw the other, %v the other saw it",
		s.at.Sub(plugged), await(t, first, "saw", "2").at.Sub(plugged))
	if !slices.Contains(s.words, "<nil>") {
		t.Errorf("there is still a problem: %q", s.words)
	}

	inside(t, late, "link del eth0")
	time.Sleep(100 * time.Millisecond)
	again := time.Now()
	b.plug(late, "10.7.0.3/24")
	for deadline := time.Now().Add(lanPatience); ; time.Sleep(5 * time.Millisecond) {
		heard := spoken(t, first)
		if at := slices.IndexFunc(heard, func(s said) bool { return s.words[0] == "saw" && strings.Contains(s.words[2], "10.7.0.3:7002") }); at >= 0 {
			t.Logf("%v after it was plugged in again the other saw its new address", heard[at].at.Sub(again))
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the new address was not seen:\n%s", first.Notes())
		}
	}
}

func TestMembersMeetByIPv6Alone(t *testing.T) {
	t.Parallel()
	if off, err := os.ReadFile("/proc/sys/net/ipv6/conf/default/disable_ipv6"); err != nil || off[0] != '0' {
		t.Skipf("needs IPv6: %v", err)
	}
	b := newBridge(t)
	one, two := namespace(t), namespace(t)
	b.plug(one, "")
	b.plug(two, "")
	first, second := startMember(t, one, "1 kitchen"), startMember(t, two, "2 kitchen")
	for p, other := range map[*netns.Process]string{first: "2", second: "1"} {
		s := await(t, p, "saw", other)
		addr, err := netip.ParseAddrPort(s.words[2])
		if err != nil || !addr.Addr().IsLinkLocalUnicast() || addr.Addr().Zone() != "eth0" {
			t.Errorf("%s is at %q", other, s.words)
		}
		t.Logf("%v until %s was seen at %v", s.at.Sub(await(t, p, "open").at), other, addr)
	}
}

// TestMembersOnOneMachineMeet has two programs share the port, on a machine with a
// network and on one without.
func TestMembersOnOneMachineMeet(t *testing.T) {
	t.Parallel()
	for _, network := range []bool{true, false} {
		n := namespace(t)
		addr := "127.0.0.1"
		if network {
			addr = "10.7.0.1"
			newBridge(t).plug(n, addr+"/24")
		}
		var all []*netns.Process
		for i := range 3 {
			all = append(all, startMember(t, n, fmt.Sprintf("%d kitchen", i+1)))
		}
		for i, p := range all {
			for j := range all {
				if i == j {
					continue
				}
				s := await(t, p, "saw", strconv.Itoa(j+1))
				if want := fmt.Sprintf("%s:%d", addr, 7001+j); !slices.Contains(strings.Split(s.words[2], ","), want) {
					t.Errorf("network %v: saw %q, want %s", network, s.words, want)
				}
			}
		}
		stranger := startMember(t, n, "rooms")
		await(t, stranger, "found", "3", "true")
	}
}
