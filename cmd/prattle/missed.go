package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/peer"
)

// missedTurnedAway is the reason for which --answer none misses calls.
const missedTurnedAway peer.MissedReason = "turned away"

// missedReasons say to the person why a call was missed.
var missedReasons = map[peer.MissedReason]string{
	peer.MissedGivenUp:  "hung up before you answered",
	peer.MissedNoAnswer: "nobody answered",
	peer.MissedBusy:     "you were in another call",
	peer.MissedKnock:    "did not ring",
	missedTurnedAway:    "turned away by --answer none",
}

// missedCall is what is kept of the calls of one peer that were missed for one
// reason.
type missedCall struct {
	At       time.Time         `json:"at"` // of the last
	PeerID   certs.PeerID      `json:"peer_id"`
	Name     string            `json:"name"` // of the contact, or what the caller says to be called
	Stranger bool              `json:"stranger"`
	Why      peer.MissedReason `json:"why"`
	Count    int               `json:"count"`
}

// Strangers, who can be made up by the thousand, must not push contacts out.
const (
	maxMissed         = 100
	maxMissedStranger = 20
	maxMissedBytes    = 64 << 10
	maxMissedCount    = 1_000_000
)

// missedCalls is the list of missed calls on disk, which all programs of the user
// add to.
type missedCalls struct {
	file certs.SharedFile
	kept map[missedKey]int // how many of this room's are in the file
}

type missedKey struct {
	id  certs.PeerID
	why peer.MissedReason
}

func openMissed() (*missedCalls, error) {
	path, err := statePath("missed")
	return &missedCalls{certs.SharedFile{Path: path, Limit: maxMissedBytes}, make(map[missedKey]int)}, err
}

func (m *missedCalls) load() ([]missedCall, error) {
	data, err := m.file.Read()
	if err != nil {
		return nil, fmt.Errorf("read missed calls: %w", err)
	}
	return parseMissed(data)
}

// parseMissed reads the file, which somebody may have edited: what is in it goes
// to the terminal.
func parseMissed(data []byte) ([]missedCall, error) {
	var calls []missedCall
	if len(data) == 0 {
		return nil, nil
	}
	if err := json.Unmarshal(data, &calls); err != nil {
		return nil, fmt.Errorf("missed calls: %w: %w", certs.ErrMalformed, err)
	}
	for i := range calls {
		calls[i].Name = media.CleanText(calls[i].Name, 60)
	}
	return calls, nil
}

// keep adds to the file what a room says it has missed. Counts are those of the
// room, which says them again each time.
func (m *missedCalls) keep(missed []missedCall) error {
	missed = slices.DeleteFunc(missed, func(c missedCall) bool { return c.Count <= m.kept[missedKey{c.PeerID, c.Why}] })
	if len(missed) == 0 {
		return nil
	}
	err := m.file.Update(func(before []byte) ([]byte, error) {
		calls, err := parseMissed(before)
		if err != nil {
			calls = nil // better than to keep nothing from now on
		}
		for _, c := range missed {
			c.Count -= m.kept[missedKey{c.PeerID, c.Why}]
			calls = addMissed(calls, c)
		}
		after, err := json.Marshal(calls)
		return append(after, '\n'), err
	})
	if err != nil {
		return fmt.Errorf("keep missed calls: %w", err)
	}
	for _, c := range missed {
		m.kept[missedKey{c.PeerID, c.Why}] = c.Count
	}
	return nil
}

// addMissed adds a call to a list, the latest last, and trims it.
func addMissed(calls []missedCall, c missedCall) []missedCall {
	if i := slices.IndexFunc(calls, func(o missedCall) bool { return o.PeerID == c.PeerID && o.Why == c.Why }); i >= 0 {
		c.Count = min(c.Count+calls[i].Count, maxMissedCount)
		calls = slices.Delete(calls, i, i+1)
	}
	calls = append(calls, c)
	isStranger := func(c missedCall) bool { return c.Stranger }
	var strangers int
	for _, c := range calls {
		if c.Stranger {
			strangers++
		}
	}
	for ; strangers > maxMissedStranger; strangers-- {
		i := slices.IndexFunc(calls, isStranger)
		calls = slices.Delete(calls, i, i+1)
	}
	return slices.Delete(calls, 0, max(len(calls)-maxMissed, 0))
}

// missedCall says what we know of the caller.
func (s *session) missedCall(m peer.Missed) missedCall {
	who := s.book.recognise(m.Peer)
	return missedCall{
		At: m.At.UTC().Truncate(time.Second), PeerID: m.Peer.ID, Name: who.name(m.Name),
		Stranger: who.kind == stranger, Why: m.Why, Count: m.Count,
	}
}

// maxToldStrangers bounds the strangers of whom a session tells, each once.
const maxToldStrangers = 20

func (s *session) tellMissed(m peer.Missed) {
	c := s.missedCall(m)
	if c.Stranger && !s.tellOfStranger(c) {
		return
	}
	s.console.printf("missed a call from %s: %s", c.Name, missedReasons[c.Why])
	if m.Why == peer.MissedKnock && c.Stranger {
		s.console.printf("  to let them ring: prattle contacts add NAME %s", c.PeerID)
	}
}

// tellOfStranger says whether to tell of a stranger's call.
func (s *session) tellOfStranger(c missedCall) bool {
	if c.Count > 1 || s.strangers > maxToldStrangers {
		return false
	}
	s.strangers++
	if s.strangers > maxToldStrangers {
		s.console.printf("more strangers have called; `prattle missed` lists the latest")
		return false
	}
	return true
}

func (s *session) keepMissed(missed ...peer.Missed) {
	var calls []missedCall
	for _, m := range missed {
		calls = append(calls, s.missedCall(m))
	}
	if err := s.missed.keep(calls); err != nil {
		s.console.printf("prattle: warning: %v", err)
	}
}

// turnedAway keeps a call that the policy declines.
func (s *session) turnedAway(l *peer.Link, who acquaintance) {
	m := peer.Missed{Peer: who.peer, Name: l.Name(), Why: missedTurnedAway, At: time.Now(), Count: 1}
	m.Count += s.missed.kept[missedKey{m.Peer.ID, m.Why}]
	s.tellMissed(m)
	s.keepMissed(m)
}

func newMissedCommand() *cobra.Command {
	var asJSON, clear bool
	c := &cobra.Command{
		Use:   "missed",
		Short: "List the calls that nobody took",
		Long: `List the calls that nobody took, the latest last: while you were away, in another
call, or because strangers do not ring (see "prattle listen --help").`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			missed, err := openMissed()
			if err != nil {
				return err
			}
			calls, err := missed.load()
			if err != nil {
				return err
			}
			if err := printMissed(c.OutOrStdout(), calls, asJSON); err != nil || !clear {
				return err
			}
			return missed.file.Update(func([]byte) ([]byte, error) { return []byte("[]\n"), nil })
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVar(&clear, "clear", false, "forget them, once they are printed")
	return c
}

func printMissed(w io.Writer, calls []missedCall, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(append([]missedCall{}, calls...)) // [] and not null
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range calls {
		fmt.Fprintf(table, "%s\t%s\t%d×\t%s\t%s\n", c.At.Local().Format("2006-01-02 15:04"), c.Name, c.Count, missedReasons[c.Why], c.PeerID)
	}
	return table.Flush()
}
