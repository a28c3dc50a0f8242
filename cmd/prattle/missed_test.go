package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/peer"
)

// openMissedAt keeps missed calls in a directory, as one program does.
func openMissedAt(dir string) *missedCalls {
	return &missedCalls{certs.SharedFile{Path: filepath.Join(dir, "missed"), Limit: maxMissedBytes}, make(map[missedKey]int)}
}

func testCall(n int, why peer.MissedReason, count int) missedCall {
	id := certs.PeerID{byte(n), byte(n >> 8), 7}
	return missedCall{At: time.Unix(int64(1_700_000_000+n), 0).UTC(), PeerID: id, Name: fmt.Sprint("caller", n), Why: why, Count: count}
}

// Rooms tell the same counts again, each program those of its own room.
func TestMissedCallsAddUp(t *testing.T) {
	dir := t.TempDir()
	one, two := openMissedAt(dir), openMissedAt(dir)
	for _, step := range []struct {
		program *missedCalls
		count   int
	}{{one, 1}, {one, 2}, {two, 1}, {one, 2}, {two, 4}, {one, 3}} {
		if err := step.program.keep([]missedCall{testCall(1, peer.MissedBusy, step.count)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := one.keep([]missedCall{testCall(1, peer.MissedKnock, 1), testCall(2, peer.MissedBusy, 1)}); err != nil {
		t.Fatal(err)
	}
	calls, err := one.load()
	if err != nil || len(calls) != 3 {
		t.Fatalf("%+v, %v", calls, err)
	}
	if c := calls[0]; c.Count != 3+4 || c.Why != peer.MissedBusy {
		t.Errorf("first %+v", c)
	}
}

func TestStrangersPushNobodyOut(t *testing.T) {
	missed := openMissedAt(t.TempDir())
	var all []missedCall
	for n := range 3 {
		all = append(all, testCall(n, peer.MissedGivenUp, 1))
	}
	for n := range 500 {
		c := testCall(1000+n, peer.MissedKnock, 1)
		c.Stranger = true
		all = append(all, c)
	}
	if err := missed.keep(all); err != nil {
		t.Fatal(err)
	}
	calls, err := missed.load()
	if err != nil || len(calls) != 3+maxMissedStranger {
		t.Fatalf("%d calls are kept, %v", len(calls), err)
	}
	if calls[0].Name != "caller0" || calls[len(calls)-1].Name != "caller1499" {
		t.Errorf("kept from %+v to %+v", calls[0], calls[len(calls)-1])
	}
	for n := range 2 * maxMissed {
		calls = addMissed(calls, testCall(n, peer.MissedBusy, 1))
	}
	if len(calls) != maxMissed {
		t.Errorf("%d calls are kept", len(calls))
	}
}

func TestMissedCommand(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	run := func(args ...string) string {
		out, _, err := runCommand(newMissedCommand(), "", args...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if out := run("--json"); out != "[]\n" {
		t.Errorf("without any: %q", out)
	}
	missed, err := openMissed()
	if err != nil {
		t.Fatal(err)
	}
	call := testCall(1, peer.MissedNoAnswer, 2)
	call.Name = "“\x1b[31mEve”"
	if err := missed.keep([]missedCall{call}); err != nil {
		t.Fatal(err)
	}
	out := run()
	if strings.ContainsRune(out, 0x1b) || !strings.Contains(out, "2×") || !strings.Contains(out, "nobody answered") {
		t.Errorf("printed %q", out)
	}
	if out := run("--json", "--clear"); !strings.Contains(out, `"count":2`) {
		t.Errorf("printed %q", out)
	}
	if out := run(); out != "" {
		t.Errorf("after --clear: %q", out)
	}
	if err := os.WriteFile(missed.file.Path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := runCommand(newMissedCommand(), ""); err == nil {
		t.Error("a broken file is no error")
	}
	if err := openMissedAt(filepath.Dir(missed.file.Path)).keep([]missedCall{call}); err != nil {
		t.Errorf("a broken file keeps new calls out: %v", err)
	}
}

func TestEveryReasonHasWords(t *testing.T) {
	for _, why := range []peer.MissedReason{peer.MissedGivenUp, peer.MissedNoAnswer, peer.MissedBusy, peer.MissedKnock, missedTurnedAway} {
		if missedReasons[why] == "" {
			t.Errorf("%q is not explained", why)
		}
	}
}

func FuzzParseMissed(f *testing.F) {
	f.Add([]byte(`[{"at":"2026-01-01T00:00:00Z","peer_id":"25njqam-cweflpv-kl73j4s-zahhiho-c4xt3kt-cgjnpai-ngr5yhk-engd74r","name":"Eve","count":3}]`))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, data []byte) {
		calls, err := parseMissed(data)
		if err != nil && calls != nil {
			t.Errorf("both %v and %v", calls, err)
		}
		for _, c := range calls {
			if strings.ContainsFunc(c.Name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
				t.Errorf("the name %q is not fit for a terminal", c.Name)
			}
		}
	})
}
