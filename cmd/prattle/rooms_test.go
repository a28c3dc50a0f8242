package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"testing"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/peer"
)

func TestListRooms(t *testing.T) {
	told := func(n byte, who crowd, room string, members ...string) *machine {
		return &machine{addrs: []net.Addr{&net.UDPAddr{}}, who: who.participant(n).who,
			info: peer.RoomInfo{Name: room, Members: members, Asked: certs.PeerID{n}}}
	}
	silent := func(host string) *machine { return &machine{host: host, err: errors.New("declined")} }
	for name, c := range map[string]struct {
		machines []*machine
		want     string
	}{
		"nobody":           {nil, ""},
		"who was asked":    {[]*machine{told(1, crowd{known, "bob"}, "standup", "robert")}, "standup 1 [bob]"},
		"whom others name": {[]*machine{told(1, crowd{known, "bob"}, "standup", "robert", "carol", "bob")}, "standup 3 [bob “bob” “carol”]"},
		"two agree": {[]*machine{told(1, crowd{known, "bob"}, "standup", "robert", "carol"), told(2, crowd{stranger, "carol"}, "standup", "carol", "robert")},
			"standup 2 [bob “carol”]"},
		"the same twice":      {[]*machine{told(1, crowd{known, "bob"}, "standup", "robert"), told(1, crowd{known, "bob"}, "standup", "robert")}, "standup 1 [bob]"},
		"rooms by name":       {[]*machine{silent(""), told(2, crowd{known, "eve"}, "b", "x"), told(1, crowd{known, "bob"}, "a", "x"), silent("")}, "a 1 [bob], b 1 [eve],  2 []"},
		"a --peer that is no": {[]*machine{silent("host:7728")}, ""},
	} {
		got := ""
		for i, r := range listRooms(c.machines, nil) {
			if i > 0 {
				got += ", "
			}
			got += fmt.Sprint(r.Room, " ", r.Machines, " ", r.Members)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestPrintRooms(t *testing.T) {
	var out bytes.Buffer
	err := printRooms(&out, []listedRoom{{"standup", 2, []string{"bob", "“carol”"}}, {"", 1, nil}})
	want := "standup            2 machines   bob, “carol”\n(names not told)   1 machine    \n"
	if err != nil || out.String() != want {
		t.Errorf("%q, %v, want %q", out.String(), err, want)
	}
}
