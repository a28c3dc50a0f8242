package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/peer"
)

const (
	// maxDemoPeople bounds how many meet in the demo.
	maxDemoPeople = 12
	// demoRoomSize and demoRoomFPS are what a machine with two cores can encode and
	// decode for four people at once.
	demoRoomSize = "640x360"
	demoRoomFPS  = 15
)

// demoLAN is where the processes of a room run.
type demoLAN struct {
	name   string
	launch []func(*exec.Cmd) error // on each machine
	close  func()
}

// The networks of a demo.
const (
	demoNamespaces = "lan" // where multicast leads to the others
	demoLoopback   = "loopback"
)

// roomDemo is what was measured in a room.
type roomDemo struct {
	People    int        `json:"people"`
	Network   string     `json:"network"` // lan or loopback
	Pairs     []pair     `json:"pairs"`
	Processes []roomSide `json:"processes"`
}

// pair is somebody's picture and sound as they arrive at somebody else.
type pair struct {
	From         string       `json:"from"`
	To           string       `json:"to"`
	LinkedAfter  float64      `json:"linked_after_s"`        // since both were started
	PictureAfter float64      `json:"first_picture_after_s"` // likewise
	Links        int          `json:"links"`                 // one after the other; 1 if all went well
	Link         peer.Summary `json:"link"`                  // the longest
}

// roomSide is what one process took.
type roomSide struct {
	Name     string  `json:"name"`
	CPU      float64 `json:"cpu_cores"` // of one core, over the stay
	MemoryMB float64 `json:"memory_mb"` // greatest resident size
}

func runRoomDemo(ctx context.Context, f *demoFlags, out, errs io.Writer) error {
	if f.people < 2 || f.people > maxDemoPeople {
		return usage("", "--people: %d is not between 2 and %d", f.people, maxDemoPeople)
	}
	if !f.command.Flags().Changed("video-size") {
		f.videoSize = demoRoomSize
	}
	d, err := openDemo(f)
	if err != nil {
		return err
	}
	defer d.close()
	result, err := d.meet(ctx, errs)
	if err != nil {
		return err
	}
	if f.json {
		err = json.NewEncoder(out).Encode(result)
	} else {
		err = result.print(out)
	}
	if err != nil {
		return err
	}
	return result.judge(f.duration)
}

// network is a local network where there can be one, else loopback.
func (d *demo) network(errs io.Writer) *demoLAN {
	if !d.flags.loopback {
		lan, err := openDemoLAN(d.flags.people)
		if err == nil {
			lan.name = demoNamespaces
			return lan
		}
		fmt.Fprintf(errs, "on loopback, for machines of their own cannot be had (%v)\n", err)
	}
	lan := &demoLAN{name: demoLoopback, close: func() {}}
	for range d.flags.people {
		lan.launch = append(lan.launch, start)
	}
	return lan
}

// meet runs the room.
func (d *demo) meet(ctx context.Context, errs io.Writer) (*roomDemo, error) {
	lan := d.network(errs)
	defer lan.close()
	ctx, cancel := context.WithTimeout(ctx, d.flags.duration+demoGrace)
	defer cancel()
	secret := filepath.Join(d.dir, "passphrase")
	if err := os.WriteFile(secret, []byte(rand.Text()), 0o600); err != nil {
		return nil, err
	}
	way := []string{"--passphrase-file", secret}
	if lan.name == demoLoopback {
		way = append(way, "--listen", "127.0.0.1:0", "--no-announce", "--no-discover")
	}
	var processes []*process
	for i, launch := range lan.launch {
		p, err := d.startMember(ctx, i, launch, way)
		if err != nil {
			return nil, err
		}
		processes = append(processes, p)
		if i == 0 && lan.name == demoLoopback {
			addr, err := p.addr(ctx)
			if err != nil {
				return nil, err
			}
			way = append(way, "--peer", addr)
		}
	}
	result := &roomDemo{People: d.flags.people, Network: lan.name}
	return result, d.collect(processes, result)
}

// startMember starts a process that joins the room, the way that leads there.
func (d *demo) startMember(ctx context.Context, i int, launch func(*exec.Cmd) error, way []string) (*process, error) {
	name := fmt.Sprintf("person%d", i+1)
	view := "file:" + os.DevNull // somebody has to look, or nobody sends pictures
	if i == 0 && d.flags.view != "" {
		view = d.flags.view
	}
	var tty *os.File
	if view == "terminal" {
		tty = os.Stdin
	}
	args := []string{"join", "demo", "--video", "test", "--audio", "tone", "--speaker", "none", "--view", view,
		"--video-size", d.flags.videoSize, "--fps", fmt.Sprint(demoRoomFPS),
		"--duration", d.flags.duration.String(), "--trace", d.trace(name)}
	return d.start(ctx, name, tty, launch, append(args, way...)...)
}

func (d *demo) trace(name string) string { return filepath.Join(d.dir, name+".jsonl") }

// collect waits for all processes and puts together what they have measured.
func (d *demo) collect(processes []*process, result *roomDemo) error {
	byID := make(map[string]*process)
	for _, p := range processes {
		id, err := certs.LoadPublic(d.identity(p.name))
		if err != nil {
			return err
		}
		byID[id.ID.String()] = p
	}
	for _, p := range processes {
		var s roomSummary
		if err := p.wait(&s); err != nil {
			return err
		}
		cpu, memory := p.cost(s.Seconds)
		result.Processes = append(result.Processes, roomSide{p.name, cpu, memory})
		first, err := readFirsts(d.trace(p.name))
		if err != nil {
			return err
		}
		for from, l := range longest(s.Links) {
			other := byID[from]
			if other == nil {
				return fmt.Errorf("a stranger was in the room: %s", from)
			}
			both := p.started
			if other.started.After(both) {
				both = other.started
			}
			l.From, l.To = other.name, p.name
			l.LinkedAfter = first.connected[from].Sub(both).Seconds()
			l.PictureAfter = first.shown[from].Sub(both).Seconds()
			result.Pairs = append(result.Pairs, l)
		}
	}
	slices.SortFunc(result.Pairs, func(a, b pair) int { return strings.Compare(a.From+a.To, b.From+b.To) })
	return nil
}

// longest is the longest link to each of the others.
func longest(links []*peer.Summary) map[string]pair {
	best := make(map[string]pair)
	for _, l := range links {
		p := best[l.Peer]
		if p.Links++; l.Seconds > p.Link.Seconds {
			p.Link = *l
		}
		best[l.Peer] = p
	}
	return best
}

// firsts is when a process was first connected with each of the others, and when it
// first showed a picture of them.
type firsts struct{ connected, shown map[string]time.Time }

// readFirsts finds them in a trace.
func readFirsts(name string) (firsts, error) {
	f, err := os.Open(name)
	if err != nil {
		return firsts{}, err
	}
	defer f.Close()
	first := firsts{make(map[string]time.Time), make(map[string]time.Time)}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var e struct {
			T               int64
			Ev, Peer, State string
		}
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return firsts{}, fmt.Errorf("%s: %w", name, err)
		}
		switch {
		case e.Ev == "show":
			note(first.shown, e.Peer, e.T)
		case e.Ev == "state" && e.State == string(peer.StateConnected):
			note(first.connected, e.Peer, e.T)
		}
	}
	return first, lines.Err()
}

func note(times map[string]time.Time, who string, unixNano int64) {
	if _, ok := times[who]; !ok {
		times[who] = time.Unix(0, unixNano)
	}
}

// judge decides from the received pixels whether everybody saw everybody else, and
// from the sound whether everybody heard something.
func (r *roomDemo) judge(duration time.Duration) error {
	if want := r.People * (r.People - 1); len(r.Pairs) != want {
		return fmt.Errorf("%w: %d links, want %d", errSilentDemo, len(r.Pairs), want)
	}
	for _, p := range r.Pairs {
		if p.Links != 1 {
			return fmt.Errorf("%w: %s and %s were linked %d times", errSilentDemo, p.From, p.To, p.Links)
		}
		if pictures := duration.Seconds() * demoRoomFPS * enoughPictures; float64(p.Link.Stamps) < pictures {
			return fmt.Errorf("%w: %s saw only %d pictures of %s", errSilentDemo, p.To, p.Link.Stamps, p.From)
		}
		if p.Link.Clicks == 0 {
			return fmt.Errorf("%w: %s heard nobody", errSilentDemo, p.To)
		}
	}
	return nil
}
