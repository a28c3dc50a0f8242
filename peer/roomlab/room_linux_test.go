package roomlab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/skulltech/prattle/peer"
	"github.com/skulltech/prattle/peer/netns"
	"github.com/skulltech/prattle/peer/prattletest"
	"github.com/skulltech/prattle/peer/traced"
)

// roomName is that of the room in which all meet.
const roomName = "standup"

// A room is a LAN and the prattles on it.
type room struct {
	*LAN
	t          *testing.T
	dir        string
	passphrase string // file
	members    []*member
}

// openLAN builds a LAN, or skips the test where that cannot be.
func openLAN(t *testing.T, hosts int) *LAN {
	t.Helper()
	prattletest.NeedsRoot(t, "ip", "nft", "tc")
	l, err := Open(hosts)
	if errors.Is(err, syscall.EPERM) {
		t.Skipf("needs network namespaces: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// openRoom builds a LAN for a room that nobody is in yet.
func openRoom(t *testing.T, hosts int) *room {
	t.Helper()
	prattletest.WhenAsked(t)
	r := &room{LAN: openLAN(t, hosts), t: t, dir: t.TempDir()}
	r.passphrase = r.newPassphrase("passphrase", "correct horse battery staple")
	return r
}

// newPassphrase writes a passphrase to a file.
func (r *room) newPassphrase(name, text string) string {
	r.t.Helper()
	file := filepath.Join(r.dir, name)
	if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
		r.t.Fatal(err)
	}
	return file
}

// A member is a prattle in the room, or before its door.
type member struct {
	*prattletest.Person
	host    *Host
	name    string
	typing  *os.File // what the person types
	started time.Time
}

// meet has prattles with the passphrase enter the room, one on each of the hosts, and
// waits until all have a link to all.
func (r *room) meet(hosts []*Host, flags ...string) []*member {
	r.t.Helper()
	members := r.prepare(hosts)
	for _, m := range members {
		r.enter(m, flags...)
	}
	r.mustBeLinked(members)
	return members
}

// prepare makes identities for members to be.
func (r *room) prepare(hosts []*Host) (members []*member) {
	r.t.Helper()
	for _, h := range hosts {
		members = append(members, r.newMember(h))
	}
	return members
}

func (r *room) newMember(h *Host) *member {
	r.t.Helper()
	name := fmt.Sprintf("zeppelin%d", len(r.members)+1) // a word that is nowhere else
	m := &member{host: h, name: name, Person: prattletest.NewPerson(r.t, filepath.Join(r.dir, name))}
	r.members = append(r.members, m)
	return m
}

// enter starts a member that knows the passphrase.
func (r *room) enter(m *member, flags ...string) {
	r.t.Helper()
	r.start(m, append([]string{"--passphrase-file", r.passphrase}, flags...)...)
}

// start starts a prattle that joins the room.
func (r *room) start(m *member, flags ...string) {
	r.t.Helper()
	stdin, typing, err := os.Pipe()
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { typing.Close() })
	defer stdin.Close()
	m.typing, m.started = typing, time.Now()
	m.Process = r.run(m, "in room ", stdin, append([]string{"join", roomName, "--name", m.name}, m.Flags(flags...)...)...)
}

// run runs the program as a member's person, until the test ends.
func (r *room) run(m *member, await string, stdin *os.File, args ...string) *netns.Process {
	r.t.Helper()
	return prattletest.Run(r.t, m.host.Namespace, netns.Command{
		Name: args[0] + " of " + m.name, Await: await, Home: filepath.Join(r.dir, "home-"+m.name), Stdin: stdin,
		Args: append([]string{prattletest.Prattle(r.t)}, args...),
	})
}

// type has the person at a member type a line.
func (m *member) types(format string, args ...any) {
	fmt.Fprintf(m.typing, format+"\n", args...)
}

// others are the members that m is to have a link to.
func (m *member) others(all []*member) (others []*member) {
	for _, o := range all {
		if o != m {
			others = append(others, o)
		}
	}
	return others
}

// linked is when m first had a link to each of the others after a moment; false if it
// lacks one.
func (m *member) linked(all []*member, after time.Time) (last time.Time, ok bool) {
	trace := m.Trace()
	for _, o := range m.others(all) {
		e, ok := trace.Of(o.ID).First(func(e traced.Event) bool {
			return traced.Reached(peer.StateConnected)(e) && e.At().After(after)
		})
		if !ok {
			return last, false
		}
		if e.At().After(last) {
			last = e.At()
		}
	}
	return last, true
}

// patience is far more than it takes a room to come together.
const patience = 30 * time.Second

// mustBeLinked waits until all members have a link to all others.
func (r *room) mustBeLinked(members []*member) {
	r.t.Helper()
	for _, m := range members {
		r.mustLink(m, members, time.Time{})
	}
}

// mustLink waits until m has, since a moment, had a link to each of the others.
func (r *room) mustLink(m *member, all []*member, since time.Time) (last time.Time) {
	r.t.Helper()
	for deadline := time.Now().Add(patience); ; prattletest.After(r.t, 50*time.Millisecond) {
		last, ok := m.linked(all, since)
		if ok {
			return last
		}
		if m.Ended() || time.Now().After(deadline) {
			r.t.Fatalf("%s is not linked to all others:\n%s", m.name, r.plight(all))
		}
	}
}

// plight says who has no link to whom, and what the members have said.
func (r *room) plight(members []*member) string {
	var b strings.Builder
	for _, m := range members {
		trace := m.Trace()
		fmt.Fprintf(&b, "%s %s:", m.name, m.ID)
		for _, o := range m.others(members) {
			if states := trace.Of(o.ID).States(); len(states) == 0 || states[len(states)-1].State != peer.StateConnected {
				fmt.Fprintf(&b, " %s %v", o.name, states)
			}
		}
		fmt.Fprintf(&b, "\n%s\n", m.Notes())
	}
	return b.String()
}

// must ends the test if a step of it has failed.
func (r *room) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}
