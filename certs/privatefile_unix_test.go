//go:build unix

package certs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// setUmask changes the umask of the whole process for the rest of a test; tests
// of this package do not run in parallel.
func setUmask(t *testing.T, mask int) {
	old := syscall.Umask(mask)
	t.Cleanup(func() { syscall.Umask(old) })
}

func wantMode(t *testing.T, path string, want fs.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != want {
		t.Errorf("%s has mode %04o, want %04o", path, got, want)
	}
}

func TestModeUnderAnyUmask(t *testing.T) {
	for _, mask := range []int{0o000, 0o022, 0o077, 0o777} {
		dir := t.TempDir()
		setUmask(t, mask)
		path := filepath.Join(dir, "identity.pem")
		if _, err := Create(path, nil); err != nil {
			t.Fatalf("umask %03o: %v", mask, err)
		}
		wantMode(t, path, 0o600)

		inPlace := filepath.Join(dir, "in-place")
		if err := createInPlace(inPlace, []byte("x")); err != nil {
			t.Fatalf("umask %03o: %v", mask, err)
		}
		wantMode(t, inPlace, 0o600)

		if mask == 0o777 {
			continue // a lock file of mode 0 is that umask's wish
		}
		known := KnownFile{filepath.Join(dir, "known_peers")}
		if err := known.Update(addContact("alice", 1)); err != nil {
			t.Fatalf("umask %03o: %v", mask, err)
		}
		wantMode(t, known.Path, 0o600)
		wantMode(t, known.Path+".lock", 0o600&^fs.FileMode(mask))
	}
}

func TestLoadOrCreateMakesPrivateDirectories(t *testing.T) {
	setUmask(t, 0)
	path := filepath.Join(t.TempDir(), "config", "identity.pem")
	if _, err := LoadOrCreate(path, nil); err != nil {
		t.Fatal(err)
	}
	wantMode(t, filepath.Dir(path), 0o700)
}

func TestRefusesExposedFiles(t *testing.T) {
	key := writeFile(t, "identity.pem", encodeIdentity(t, 1, ""))
	known := writeFile(t, "known_peers", nil)
	for _, test := range []struct {
		mode      fs.FileMode
		key, list string // what others may do, if it matters
	}{
		{0o600, "", ""},
		{0o400, "", ""},
		{0o700, "", ""},
		{0o640, "read", ""},
		{0o604, "read", ""},
		{0o644, "read", ""},
		{0o666, "read", "change"},
		{0o620, "change", "change"},
		{0o602, "change", "change"},
		{0o777, "read", "change"},
	} {
		if err := errors.Join(os.Chmod(key, test.mode), os.Chmod(known, test.mode)); err != nil {
			t.Fatal(err)
		}
		_, err := Load(key, nil)
		wantExposed(t, err, key, test.mode, test.key)
		_, err = LoadPublic(key)
		wantExposed(t, err, key, test.mode, test.key)
		_, err = KnownFile{known}.Load()
		wantExposed(t, err, known, test.mode, test.list)
		err = KnownFile{known}.Update(addContact("alice", 1))
		if test.list != "" {
			wantExposed(t, err, known, test.mode, test.list)
		}
	}
}

func wantExposed(t *testing.T, err error, path string, mode fs.FileMode, what string) {
	t.Helper()
	if what == "" {
		if err != nil {
			t.Errorf("mode %04o: %v", mode, err)
		}
		return
	}
	var exposed *ExposedError
	if !errors.As(err, &exposed) || exposed.Path != path || exposed.Mode != mode || exposed.What != what {
		t.Errorf("mode %04o: got %v, want that others can %s %s", mode, err, what, path)
	}
}

// info is a file of a given owner, which only root could make for real.
type info struct {
	fs.FileInfo
	uid uint32
}

func (i info) Mode() fs.FileMode { return 0o600 }
func (i info) Sys() any          { return &syscall.Stat_t{Uid: i.uid} }

func TestRefusesFilesOfOthers(t *testing.T) {
	me := uint32(os.Geteuid())
	if err := checkOwner("f", info{uid: me}, secretBits); err != nil {
		t.Errorf("my own file: %v", err)
	}
	var owner *OwnerError
	if err := checkOwner("f", info{uid: me + 1}, trustBits); !errors.As(err, &owner) || owner.UID != int(me+1) {
		t.Errorf("another's file: %v", err)
	}
	if err := checkOwner("f", info{uid: 0}, trustBits); err != nil {
		t.Errorf("root's file: %v", err)
	}
	if err := checkOwner("f", info{uid: me + 1}, noBits); err != nil {
		t.Errorf("another's public file: %v", err)
	}
}

// Nobody should be told to chmod 600 /etc/passwd.
func TestExposedFileWithoutKey(t *testing.T) {
	path := writeFile(t, "passwd", []byte("root:x:0:0\n"))
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	var exposed *ExposedError
	if _, err := Load(path, nil); !errors.Is(err, ErrMalformed) || errors.As(err, &exposed) {
		t.Errorf("got %v", err)
	}
}

func TestReadFileDoesNotWait(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := Load(path, nil)
		done <- err
	}()
	select {
	case err := <-done:
		if !errors.Is(err, ErrNotRegular) {
			t.Errorf("a FIFO: %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("waits for a writer")
	}
	if _, err := Load("/dev/null", nil); !errors.Is(err, ErrNotRegular) {
		t.Errorf("a device: %v", err)
	}
}

func TestFollowsLinksToPrivateFiles(t *testing.T) {
	path := writeFile(t, "identity.pem", encodeIdentity(t, 1, ""))
	link := filepath.Join(t.TempDir(), "link.pem")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(link, nil); err != nil {
		t.Error(err)
	}
	dangling := filepath.Join(t.TempDir(), "dangling.pem")
	if err := os.Symlink("nowhere", dangling); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(dangling, nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Create through a dangling link: %v", err)
	}
}
