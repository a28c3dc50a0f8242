package natlab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skulltech/prattle/peer/netns"
	"github.com/skulltech/prattle/peer/prattletest"
	"github.com/skulltech/prattle/peer/traced"
)

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
	prattletest.WhenAsked(t)
	topology.Routers = append([]Router{{Name: centre}}, topology.Routers...)
	topology.Hosts = append(topology.Hosts, Host{"server", []string{centre}})
	return &world{Lab: openLab(t, topology), t: t, ctx: t.Context(), dir: t.TempDir(), prattle: prattletest.Prattle(t)}
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
	return prattletest.Run(w.t, w.Host(host).Namespace, netns.Command{
		Name: name, Await: await, Home: filepath.Join(w.dir, "home-"+host), Env: env, Args: args, Stdin: stdin,
	})
}

// A side is a prattle in a call.
type side struct {
	*prattletest.Person
	w *world
}

// newSide makes an identity and files for a prattle.
func (w *world) newSide() *side {
	w.t.Helper()
	w.sides++
	return &side{prattletest.NewPerson(w.t, filepath.Join(w.dir, fmt.Sprint("side", w.sides))), w}
}

// flags are those of each side, which is at the server unless more say otherwise.
func (s *side) flags(more []string) []string {
	flags := s.Flags(more...)
	if s.w.server != "" && !slices.Contains(more, "--server") && !slices.Contains(more, "--lan") {
		flags = append(flags, "--server", s.w.server)
	}
	return flags
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
	prattletest.Await(w.t, s.Process, 15*time.Second)
	return s
}

// call starts a prattle that calls another one by its peer ID.
func (w *world) call(host string, callee *side, more ...string) *side {
	w.t.Helper()
	return w.callTo(host, callee.ID, more...)
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

// mustConnect waits until both sides of a call are connected.
func (w *world) mustConnect(sides ...*side) {
	w.t.Helper()
	for _, s := range sides {
		if _, ok := s.WaitFor(20*time.Second, traced.Reached("connected")); !ok {
			for _, s := range sides {
				w.t.Logf("%v\n%s", s.Trace().States(), s.Notes())
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
