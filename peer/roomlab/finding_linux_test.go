package roomlab

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/skulltech/prattle/peer/prattletest"
)

// TestMulticastIsSwallowed has four people meet by the address of one of them, where
// nobody is found by multicast.
func TestMulticastIsSwallowed(t *testing.T) {
	r := openRoom(t, 4)
	r.must(r.SwallowMulticast())
	members := r.prepare(r.Hosts)
	for i, m := range members {
		if i == 0 {
			r.enter(m)
			prattletest.Await(t, m.Process, patience)
			continue
		}
		r.enter(m, "--peer", r.Hosts[0].Addr.String())
	}
	r.mustBeLinked(members)
	var a arrivals
	for _, m := range members[1:] {
		linked := r.mustLink(m, members, m.started)
		a.join = append(a.join, linked.Sub(m.ReadyAt()))
	}
	prattletest.Tell("no multicast, --peer to one of 4: linked with all, from the join", prattletest.Spread(a.join), "all")
}

// A listed room is what `prattle rooms --json` prints of one.
type listed struct {
	Room     string
	Machines int
	Members  []string
}

// TestRoomsAreListed has a contact of two members and a stranger look for rooms.
func TestRoomsAreListed(t *testing.T) {
	r := openRoom(t, 4)
	contact, stranger := r.newMember(r.Hosts[2]), r.newMember(r.Hosts[3])
	members := r.prepare(r.Hosts[:2])
	for _, m := range members {
		r.must(r.run(m, "", nil, "contacts", "add", contact.name, contact.ID).Wait())
		r.enter(m, "--admit", "known")
	}
	r.mustBeLinked(members)
	seen, code := r.rooms(contact)
	named := len(seen) == 1 && seen[0].Room == roomName
	for _, m := range members {
		named = named && slices.ContainsFunc(seen[0].Members, func(name string) bool { return strings.Contains(name, m.name) })
	}
	blank, _ := r.rooms(stranger)
	unnamed := !strings.Contains(fmt.Sprint(blank), roomName) && !strings.Contains(fmt.Sprint(blank), "zeppelin")
	prattletest.Tell("prattle rooms", fmt.Sprintf("a contact sees %v, a stranger %v", seen, blank), "names; none")
	if code != 0 || !named {
		t.Errorf("a contact is not told: %v", seen)
	}
	if !unnamed || len(blank) == 0 || blank[0].Machines != len(members) {
		t.Errorf("a stranger is told: %v", blank)
	}
}

// rooms is what a person sees who looks for rooms.
func (r *room) rooms(m *member) (list []listed, code int) {
	r.t.Helper()
	p := r.run(m, "", nil, "rooms", "--json", "--identity", m.Identity)
	code = 0
	if err := p.Wait(); err != nil {
		r.t.Log(err)
		code = p.ExitCode()
	}
	if out := p.Output(); len(out) > 0 {
		r.must(json.Unmarshal(out, &list))
	}
	return list, code
}
