package prattletest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/skulltech/prattle/peer/netns"
	"github.com/skulltech/prattle/peer/traced"
)

// A Person is a prattle with an identity and a trace of its own, and who runs it.
type Person struct {
	*netns.Process        // nil until it was started
	Identity       string // file
	ID             string // peer ID
	TraceFile      string

	t testing.TB
}

// NewPerson makes an identity. base is what the names of its files begin with.
func NewPerson(t testing.TB, base string) *Person {
	t.Helper()
	p := &Person{Identity: base + ".pem", TraceFile: base + ".jsonl", t: t}
	p.ID = NewIdentity(t, p.Identity)
	return p
}

// Flags are those of a prattle that only sends a tone, unless more say otherwise: the
// machines that run tests are small.
func (p *Person) Flags(more ...string) []string {
	flags := []string{"--identity", p.Identity, "--trace", p.TraceFile, "--json"}
	for _, f := range [][2]string{{"--audio", "tone"}, {"--video", "none"}, {"--view", "none"}, {"--speaker", "none"}} {
		if !slices.Contains(more, f[0]) {
			flags = append(flags, f[0], f[1])
		}
	}
	return append(flags, more...)
}

// Run starts a program in a namespace, until the test ends.
func Run(t testing.TB, n *netns.Namespace, c netns.Command) *netns.Process {
	t.Helper()
	p, err := n.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return p
}

// Await waits until a process has said that it is ready.
func Await(t testing.TB, p *netns.Process, patience time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := p.Await(ctx); err != nil {
		t.Fatal(err)
	}
}

// Trace is what the prattle has traced so far.
func (p *Person) Trace() traced.Trace {
	p.t.Helper()
	t, err := traced.Read(p.TraceFile)
	if err != nil {
		p.t.Fatal(err)
	}
	return t
}

// WaitFor waits until the prattle has traced an event for which is holds, and returns
// the first one; false if it does not within patience, or ends before.
func (p *Person) WaitFor(patience time.Duration, is func(traced.Event) bool) (traced.Event, bool) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		ended := p.Ended()
		if e, ok := p.Trace().First(is); ok || ended || time.Now().After(deadline) {
			return e, ok
		}
	}
}

// Ended says whether the process has exited.
func (p *Person) Ended() bool {
	select {
	case <-p.Exited():
		return true
	default:
		return false
	}
}

// After waits, but not beyond the end of the test.
func After(t testing.TB, d time.Duration) {
	select {
	case <-time.After(d):
	case <-t.Context().Done():
	}
}
