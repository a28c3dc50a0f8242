package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/peer"
)

type roomsFlags struct {
	callFlags
	wait  time.Duration
	peers []string
}

func newRoomsCommand() *cobra.Command {
	var f roomsFlags
	c := &cobra.Command{
		Use:   "rooms [ROOM...]",
		Short: "List the rooms of the local network",
		Long: `Look for rooms on the local network ("prattle join") and ask who is in them.

Members tell that only their contacts, and whom they have let in. Of other rooms it is
seen that somebody is there, or, if you name them, how many. Whoever is asked learns
your peer ID and that you look.`,
		Example: `  prattle rooms
  prattle rooms standup --json
  prattle rooms --peer 192.168.1.20`,
		RunE: func(c *cobra.Command, args []string) error {
			return runRooms(c.Context(), &f, args, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	f.registerIdentity(c)
	f.registerLAN(c)
	s := c.Flags()
	s.DurationVar(&f.wait, "wait", 1500*time.Millisecond, "how long to look")
	s.StringArrayVar(&f.peers, "peer", nil, "`HOST[:PORT]` to ask too, where multicast does not reach; may be repeated")
	s.BoolVar(&f.json, "json", false, "print what was found as JSON")
	c.ValidArgsFunction = cobra.NoFileCompletions
	return c
}

// errNoRooms says that nobody was found.
var errNoRooms = errors.New("no rooms found")

func runRooms(ctx context.Context, f *roomsFlags, args []string, out, errs io.Writer) error {
	if f.wait <= 0 {
		return f.bad("wait", "", fmt.Errorf("%v is no time to find anything", f.wait))
	}
	var names []string
	for _, arg := range args {
		name, err := roomName(arg)
		if err != nil {
			return err
		}
		names = append(names, name)
	}
	q, err := f.openInquiry()
	if err != nil {
		return err
	}
	defer q.close()
	machines, err := q.find(ctx, f)
	if err != nil {
		return err
	}
	q.ask(ctx, machines)
	for _, m := range machines {
		if m.host != "" && m.err != nil {
			fmt.Fprintf(errs, "prattle: warning: %s tells no room: %v\n", m.host, m.err)
		}
	}
	listed := listRooms(machines, names)
	if len(listed) == 0 {
		return &hinted{errNoRooms, "where multicast does not reach, --peer HOST asks somebody; `prattle join ROOM` opens a room"}
	}
	if f.json {
		return json.NewEncoder(out).Encode(listed)
	}
	return printRooms(out, listed)
}

// inquiry asks machines which room they are in.
type inquiry struct {
	book *addressBook
	room *peer.Room
	done chan struct{}
}

func (f *roomsFlags) openInquiry() (*inquiry, error) {
	s := &settings{callFlags: f.callFlags}
	if err := errors.Join(s.loadAuthorities(), s.loadIdentity()); err != nil {
		return nil, err
	}
	book, err := openBook(f.knownPeers)
	if err != nil {
		return nil, err
	}
	socket, err := listenUDP(":0")
	if err != nil {
		return nil, err
	}
	cfg := s.room()
	cfg.Name = "" // the machines that are asked may be anybody's
	cfg.Gather = f.gather(nil)
	q := &inquiry{book: book, room: peer.NewRoom(socket, cfg), done: make(chan struct{})}
	go q.routineIgnore()
	return q, nil
}

// routineIgnore reads what the room tells: nothing that matters here.
func (q *inquiry) routineIgnore() {
	for {
		select {
		case <-q.room.Events():
		case <-q.done:
			return
		}
	}
}

func (q *inquiry) close() {
	q.room.Close()
	close(q.done)
}

// machine is one that is in a room.
type machine struct {
	host     string // as --peer names it, or empty
	addrs    []net.Addr
	sighting peer.RoomSighting // zero if --peer has led there
	err      error             // why it did not tell
	info     peer.RoomInfo
	who      acquaintance // who has told
}

func (m *machine) told() bool { return m.err == nil }

// find looks for machines on the local network, and adds those of --peer.
func (q *inquiry) find(ctx context.Context, f *roomsFlags) (machines []*machine, err error) {
	for _, host := range f.peers {
		t := target{hosts: []string{withPort(host)}}
		addrs, err := t.resolve(ctx, f.lan)
		if err != nil {
			return nil, fmt.Errorf("--peer: %w", err)
		}
		machines = append(machines, &machine{host: t.hosts[0], addrs: addrs})
	}
	ctx, cancel := context.WithTimeout(ctx, f.wait)
	defer cancel()
	sightings, err := peer.FindRooms(ctx, nil)
	if err != nil && len(machines) == 0 {
		return nil, err
	}
	for _, s := range sightings {
		m := &machine{sighting: s}
		for _, a := range s.Addrs {
			m.addrs = append(m.addrs, net.UDPAddrFromAddrPort(a))
		}
		machines = append(machines, m)
	}
	return machines, nil
}

// askTimeout is how long a machine may take to say which room it is in.
const askTimeout = 3 * time.Second

// ask asks all machines at once.
func (q *inquiry) ask(ctx context.Context, machines []*machine) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	var asking sync.WaitGroup
	for _, m := range machines {
		asking.Go(func() {
			m.info, m.err = q.room.AskRoom(ctx, m.addrs)
			if m.err == nil && len(m.info.Members) == 0 {
				m.err = peer.ErrDeclined
			}
			m.who = q.book.recognise(certs.Peer{ID: m.info.Asked})
		})
	}
	asking.Wait()
}

// listedRoom is a room, or what is seen of rooms that do not tell their names.
type listedRoom struct {
	Room     string   `json:"room"`     // empty: not told
	Machines int      `json:"machines"` // at least
	Members  []string `json:"members"`  // contacts as they are called here, others in quotation marks
}

// listRooms puts together what the machines tell, and who of the others is in one of
// the named rooms.
func listRooms(machines []*machine, names []string) []listedRoom {
	rooms := make(map[string][]*machine)
	asked := make(map[certs.PeerID]bool)
	for _, m := range machines {
		if m.told() && !asked[m.info.Asked] {
			asked[m.info.Asked] = true
			names = append(names, m.info.Name)
			rooms[m.info.Name] = append(rooms[m.info.Name], m)
		}
	}
	for _, m := range machines {
		if m.told() || m.host != "" {
			continue
		}
		name := ""
		if i := slices.IndexFunc(names, m.sighting.Is); i >= 0 {
			name = names[i]
		}
		rooms[name] = append(rooms[name], m)
	}
	list := []listedRoom{}
	for name, machines := range rooms {
		members := memberNames(machines)
		list = append(list, listedRoom{name, max(len(machines), len(members)), members})
	}
	slices.SortFunc(list, func(a, b listedRoom) int { return strings.Compare(a.Room+"\xff", b.Room+"\xff") })
	return list
}

// memberNames names who is in a room: those who were asked as they are known here,
// others as those say.
func memberNames(machines []*machine) []string {
	names := []string{}
	said := make(map[string]bool)
	for _, m := range machines {
		if m.told() {
			said[m.info.Members[0]] = true
			names = append(names, m.who.name(m.info.Members[0]))
		}
	}
	for _, m := range machines {
		if !m.told() {
			continue
		}
		for _, name := range m.info.Members[1:] {
			if !said[name] {
				said[name] = true
				names = append(names, acquaintance{}.name(name))
			}
		}
	}
	slices.Sort(names) // quotation marks come last
	return names
}

func printRooms(out io.Writer, list []listedRoom) error {
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	for _, r := range list {
		switch {
		case r.Room == "":
			fmt.Fprintf(w, "(names not told)\t%s\t\n", machinesIn(r.Machines))
		default:
			fmt.Fprintf(w, "%s\t%s\t%s\n", r.Room, machinesIn(r.Machines), strings.Join(r.Members, ", "))
		}
	}
	return w.Flush()
}

func machinesIn(n int) string {
	if n == 1 {
		return "1 machine"
	}
	return fmt.Sprintf("%d machines", n)
}
