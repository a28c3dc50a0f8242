package natlab

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/skulltech/prattle/peer/netns"
)

// The programs that calls are made of, built once.
var (
	buildPrattle  = sync.OnceValues(func() (string, error) { return build("prattle") })
	buildPrattled = sync.OnceValues(func() (string, error) { return build("prattled") })
)

func build(program string) (string, error) {
	file := filepath.Join(buildDir, program)
	out, err := exec.Command("go", "build", "-o", file, "github.com/skulltech/prattle/cmd/"+program).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("build %s: %w\n%s", program, err, out)
	}
	return file, err
}

// A world is a lab with a rendezvous in its centre, and the calls in it.
type world struct {
	*Lab
	t     *testing.T
	ctx   context.Context
	dir   string
	sides int

	prattle string // the program

	server    string // what --server takes
	authority string // file with the certificate of the relay
}

// centre is where servers are: on the internet itself.
const centre = "centre"

// openWorld builds a world with the routers and hosts of a topology, and a host
// "server" for what all share.
func openWorld(t *testing.T, topology Topology) *world {
	t.Helper()
	if !*measure {
		t.Skip("asked for by -net")
	}
	topology.Routers = append([]Router{{Name: centre}}, topology.Routers...)
	topology.Hosts = append(topology.Hosts, Host{"server", []string{centre}})
	w := &world{Lab: openLab(t, topology), t: t, ctx: t.Context(), dir: t.TempDir()}
	var err error
	if w.prattle, err = buildPrattle(); err != nil {
		t.Fatal(err)
	}
	return w
}

// pair is a topology of two hosts, "ann" behind the router "a" and "bob" behind "b".
func pair(a, b Router) Topology {
	a.Name, b.Name = "a", "b"
	return Topology{Routers: []Router{a, b}, Hosts: []Host{{"ann", []string{"a"}}, {"bob", []string{"b"}}}}
}

// run runs a program in a host until the test ends.
func (w *world) run(host, await string, env []string, stdin *os.File, args ...string) *netns.Process {
	w.t.Helper()
	name := fmt.Sprintf("%s %s on %s", filepath.Base(args[0]), args[1], host)
	p, err := w.Host(host).Start(w.ctx, netns.Command{Name: name, Await: await, Home: filepath.Join(w.dir, "home-"+host), Env: env, Args: args, Stdin: stdin})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(p.Stop)
	return p
}

// await waits until a process has said that it is ready.
func (w *world) await(p *netns.Process, patience time.Duration) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	if err := p.Await(ctx); err != nil {
		w.t.Fatal(err)
	}
}

// A side is a prattle in a call.
type side struct {
	*netns.Process
	w        *world
	identity string // file
	id       string // peer ID
	trace    string // file
}

// newSide makes an identity and files for a prattle.
func (w *world) newSide() *side {
	w.t.Helper()
	w.sides++
	s := &side{w: w}
	base := filepath.Join(w.dir, fmt.Sprint("side", w.sides))
	s.identity, s.trace = base+".pem", base+".jsonl"
	w.newIdentity(s.identity)
	s.id = w.peerID(s.identity)
	return s
}

func (w *world) newIdentity(file string) {
	w.t.Helper()
	if out, err := exec.Command(w.prattle, "identity", "new", file).CombinedOutput(); err != nil {
		w.t.Fatalf("make an identity: %v\n%s", err, out)
	}
}

// peerID is that of an identity.
func (w *world) peerID(file string) string {
	w.t.Helper()
	var shown struct {
		PeerID string `json:"peer_id"`
	}
	out, err := exec.Command(w.prattle, "identity", "show", "--identity", file, "--json").Output()
	if err == nil {
		err = json.Unmarshal(out, &shown)
	}
	if err != nil {
		w.t.Fatalf("show an identity: %v\n%s", err, out)
	}
	return shown.PeerID
}

// flags are those of each side. Sound alone is sent unless more say otherwise: the
// machine that runs the tests is small.
func (s *side) flags(more []string) []string {
	flags := []string{"--identity", s.identity, "--trace", s.trace, "--json", "--audio", "tone"}
	for flag, value := range map[string]string{"--video": "none", "--view": "none", "--speaker": "none", "--server": s.w.server} {
		if !slices.Contains(more, flag) && value != "" && !slices.Contains(more, "--lan") {
			flags = append(flags, flag, value)
		}
	}
	return append(flags, more...)
}

// listen starts a prattle that answers everybody, and waits until it can be reached.
func (w *world) listen(host string, more ...string) *side {
	w.t.Helper()
	s := w.newSide()
	ready := "registered at "
	if w.server == "" || slices.Contains(more, "--lan") {
		ready = "listening on "
	}
	s.start(host, ready, nil, append([]string{"listen", "--answer", "all"}, more...)...)
	w.await(s.Process, 15*time.Second)
	return s
}

// call starts a prattle that calls another one by its peer ID.
func (w *world) call(host string, callee *side, more ...string) *side {
	w.t.Helper()
	return w.callTo(host, callee.id, more...)
}

func (w *world) callTo(host, target string, more ...string) *side {
	w.t.Helper()
	s := w.newSide()
	s.start(host, "connected with ", nil, append([]string{"call", target}, more...)...)
	return s
}

func (s *side) start(host, await string, stdin *os.File, args ...string) {
	s.w.t.Helper()
	positional := args[:slices.IndexFunc(append(args, "--"), func(a string) bool { return strings.HasPrefix(a, "--") })]
	s.Process = s.w.run(host, await, s.w.environment(), stdin, slices.Concat([]string{s.w.prattle}, positional, s.flags(args[len(positional):]))...)
}

// read is what the side has traced so far.
func (s *side) read() trace {
	s.w.t.Helper()
	t, err := readTrace(s.trace)
	if err != nil {
		s.w.t.Fatal(err)
	}
	return t
}

// waitFor waits until the side has traced an event for which is holds, and returns
// the first one; false if it does not within patience, or ends before.
func (s *side) waitFor(patience time.Duration, is func(event) bool) (event, bool) {
	s.w.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		ended := s.ended()
		if e, ok := s.read().first(is); ok || ended || time.Now().After(deadline) {
			return e, ok
		}
	}
}

func (s *side) ended() bool {
	select {
	case <-s.Exited():
		return true
	default:
		return false
	}
}

// mustConnect waits until both sides of a call are connected.
func (w *world) mustConnect(sides ...*side) {
	w.t.Helper()
	for _, s := range sides {
		if _, ok := s.waitFor(20*time.Second, reached("connected")); !ok {
			for _, s := range sides {
				w.t.Logf("%v\n%s", s.read().states(), s.Notes())
			}
			w.t.Fatal("the call did not come about")
		}
	}
}

// must ends the test if a step of it has failed.
func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// after waits, but not beyond the end of the test.
func (w *world) after(d time.Duration) {
	select {
	case <-time.After(d):
	case <-w.ctx.Done():
	}
}
