package main

import (
	"encoding/json"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/skulltech/prattle/peer"
)

// roomSummary is a stay in a room, for programs: the whole of it, and each link
// under the names of a call's summary.
type roomSummary struct {
	Room     string  `json:"room"`
	Seconds  float64 `json:"seconds"`   // since we joined
	People   int     `json:"people"`    // whom we had a link to, each counted once
	SendKbps float64 `json:"send_kbps"` // of all links together, in the mean of the stay
	RecvKbps float64 `json:"recv_kbps"`
	// Of all links, or the worst of them.
	Freezes     uint64  `json:"freezes"`
	ConcealedMs float64 `json:"concealed_ms"`
	RTTWorst    float64 `json:"rtt_ms_worst"`
	LossWorst   float64 `json:"loss_worst"`

	Links []*peer.Summary `json:"links"`
}

func summariseRoom(name string, seconds float64, links []*peer.Summary) roomSummary {
	s := roomSummary{Room: name, Seconds: seconds, Links: links}
	if links == nil {
		s.Links = []*peer.Summary{} // not null
	}
	people := make(map[string]bool)
	for _, l := range links {
		people[l.Peer] = true
		if seconds > 0 {
			s.SendKbps += l.SendKbps * l.Seconds / seconds
			s.RecvKbps += l.RecvKbps * l.Seconds / seconds
		}
		s.Freezes += l.Freezes
		s.ConcealedMs += l.ConcealedMs
		s.RTTWorst = max(s.RTTWorst, l.RTT)
		s.LossWorst = max(s.LossWorst, l.Loss)
	}
	s.People = len(people)
	return s
}

// report prints the summary: for programs on stdout, for people on stderr.
func (t *roomTalk) report() {
	stay := time.Since(t.joined)
	s := summariseRoom(t.name, stay.Seconds(), t.conf.Summaries())
	if t.settings.json {
		json.NewEncoder(os.Stdout).Encode(s)
		return
	}
	if len(s.Links) == 0 && t.end != nil {
		return // we never got in: the error says so
	}
	t.console.printf("%s in room %s", stay.Round(time.Second), shownRoom(t.name))
	w := tabwriter.NewWriter(t.console.err, 0, 0, 2, ' ', 0)
	for _, l := range s.Links {
		fmt.Fprintf(w, "  %s\t%s\t%.1f pictures/s\t%dx%d\t%.0f ms round trip\t%.1f %% lost\n", t.nameOf(l),
			time.Duration(l.Seconds*float64(time.Second)).Round(time.Second), l.ShownFPS, l.Width, l.Height, l.RTT, l.Loss*100)
	}
	w.Flush()
}

// nameOf is how the person knows somebody who was in the room.
func (t *roomTalk) nameOf(l *peer.Summary) string {
	if name, ok := t.met[l.Peer]; ok {
		return name
	}
	return l.Peer
}
