package certs

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

func TestKnownFileStartsEmpty(t *testing.T) {
	file := KnownFile{filepath.Join(t.TempDir(), "config", "known_peers")}
	k, err := file.Load()
	if err != nil || len(k.Contacts()) != 0 {
		t.Fatalf("no file: %v, %v", k, err)
	}
	if err := file.Update(func(*Known) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file.Path); err == nil {
		t.Error("a file without a peer was written")
	}
	if err := file.Update(addContact("alice", 1)); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file.Path)
	if want := string(mustParseKnown(t, "").Text()) + "alice " + testID(1).String() + "\n"; err != nil ||
		!strings.HasPrefix(string(text), "# ") || !strings.HasSuffix(string(text), want) {
		t.Errorf("the new file is %q, %v", text, err)
	}
	wantFiles(t, filepath.Dir(file.Path), "known_peers", "known_peers.lock")
}

func TestFailedUpdateChangesNothing(t *testing.T) {
	file := KnownFile{writeFile(t, "known_peers", []byte(handWritten))}
	failed := errors.New("failed")
	err := file.Update(func(k *Known) error {
		return errors.Join(addContact("eve", 9)(k), failed)
	})
	if !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
	if text, _ := os.ReadFile(file.Path); string(text) != handWritten {
		t.Errorf("the file is now %q", text)
	}
	broken := KnownFile{writeFile(t, "known_peers", []byte("alice\n"))}
	var syntax *SyntaxError
	if err := broken.Update(addContact("eve", 9)); !errors.As(err, &syntax) || !strings.Contains(err.Error(), broken.Path) {
		t.Errorf("a broken file: %v", err)
	}
	if text, _ := os.ReadFile(broken.Path); string(text) != "alice\n" {
		t.Errorf("the broken file is now %q", text)
	}
}

// An editor knows nothing of our lock: what it saves between our reading and our
// writing is not lost.
func TestUpdateSeesEditors(t *testing.T) {
	file := KnownFile{writeFile(t, "known_peers", nil)}
	calls := 0
	err := file.Update(func(k *Known) error {
		if calls++; calls == 1 {
			line := "# by hand\nbob " + testID(2).String() + "\n"
			if err := os.WriteFile(file.Path, []byte(line), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return addContact("alice", 1)(k)
	})
	if err != nil {
		t.Fatal(err)
	}
	want := "# by hand\nbob " + testID(2).String() + "\nalice " + testID(1).String() + "\n"
	if text, _ := os.ReadFile(file.Path); string(text) != want || calls != 2 {
		t.Errorf("after %d calls the file is %q, want %q", calls, text, want)
	}

	n := 0
	err = file.Update(func(k *Known) error {
		n++
		if err := os.WriteFile(file.Path, fmt.Appendf(nil, "# %d\n", n), 0o600); err != nil {
			t.Fatal(err)
		}
		return addContact("eve", 9)(k)
	})
	if !errors.Is(err, ErrFileBusy) {
		t.Errorf("a file that never rests: %v", err)
	}
}

func TestUpdateRefusesToGrowTooLarge(t *testing.T) {
	file := KnownFile{writeFile(t, "known_peers", []byte("#"+strings.Repeat("x", maxKnownSize-2)+"\n"))}
	if err := file.Update(addContact("alice", 1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v", err)
	}
	if _, err := file.Load(); err != nil {
		t.Errorf("the file can no longer be read: %v", err)
	}
}

func TestUpdateFollowsLinks(t *testing.T) {
	dir := t.TempDir()
	target := writeFile(t, "dotfiles", nil)
	file := KnownFile{filepath.Join(dir, "known_peers")}
	if err := os.Symlink(target, file.Path); err != nil {
		t.Skip(err) // Windows, without the right to
	}
	if err := file.Update(addContact("alice", 1)); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(file.Path); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v, %v", info, err)
	}
	if text, _ := os.ReadFile(target); !strings.Contains(string(text), "alice") {
		t.Errorf("the target is %q", text)
	}
}

const updaterEnv = "PRATTLE_TEST_UPDATER" // "PATH FIRST": makes the test binary an updater

const (
	updaters = 4  // processes
	updates  = 10 // of each
)

// TestUpdater is one of the processes of TestProcessesLoseNoUpdates.
func TestUpdater(t *testing.T) {
	path, first, ok := strings.Cut(os.Getenv(updaterEnv), "\n")
	if !ok {
		t.Skip("run by TestProcessesLoseNoUpdates")
	}
	n, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	for i := n; i < n+updates; i++ {
		if err := (KnownFile{path}).Update(addContact(fmt.Sprint("peer", i), i)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestProcessesLoseNoUpdates(t *testing.T) {
	path := filepath.Join(t.TempDir(), "known_peers")
	var wg sync.WaitGroup
	for i := range updaters {
		wg.Go(func() {
			cmd := exec.Command(os.Args[0], "-test.run=^TestUpdater$")
			cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s\n%d", updaterEnv, path, 1+i*updates))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("updater %d: %v\n%s", i, err, out)
			}
		})
	}
	wg.Wait()
	k, err := KnownFile{path}.Load()
	if err != nil {
		t.Fatal(err)
	}
	if got := len(k.Contacts()); got != updaters*updates {
		t.Errorf("%d peers, want %d", got, updaters*updates)
	}
}
