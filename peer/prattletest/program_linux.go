package prattletest

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// Our programs, each built once.
var (
	buildPrattle  = sync.OnceValues(func() (string, error) { return build("prattle") })
	buildPrattled = sync.OnceValues(func() (string, error) { return build("prattled") })
)

// Prattle is the program prattle.
func Prattle(t testing.TB) string { return built(t, buildPrattle) }

// Prattled is the program prattled.
func Prattled(t testing.TB) string { return built(t, buildPrattled) }

func built(t testing.TB, build func() (string, error)) string {
	t.Helper()
	file, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func build(program string) (string, error) {
	file := filepath.Join(buildDir, program)
	out, err := exec.Command("go", "build", "-o", file, "github.com/skulltech/prattle/cmd/"+program).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("build %s: %w\n%s", program, err, out)
	}
	return file, err
}

// NewIdentity makes an identity file and returns its peer ID.
func NewIdentity(t testing.TB, file string) (id string) {
	t.Helper()
	if out, err := exec.Command(Prattle(t), "identity", "new", file).CombinedOutput(); err != nil {
		t.Fatalf("make an identity: %v\n%s", err, out)
	}
	return PeerID(t, file)
}

// PeerID is that of an identity file.
func PeerID(t testing.TB, file string) string {
	t.Helper()
	var shown struct {
		PeerID string `json:"peer_id"`
	}
	out, err := exec.Command(Prattle(t), "identity", "show", "--identity", file, "--json").Output()
	if err == nil {
		err = json.Unmarshal(out, &shown)
	}
	if err != nil {
		t.Fatalf("show an identity: %v\n%s", err, out)
	}
	return shown.PeerID
}
