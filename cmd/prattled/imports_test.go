package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/skulltech/prattle/"

// The server is static and knows nothing of media; the clients know nothing of NATS.
func TestImports(t *testing.T) {
	for _, tc := range []struct {
		pkg     string
		allowed []string // packages of ours
		never   []string // prefixes of import paths
	}{
		{"cmd/prattled", []string{"certs", "quicproto/relay", "quicproto/rendezvous", "quicproto/rendezvous/natsdirectory"}, []string{"runtime/cgo", "gocv.io"}},
		{"quicproto/rendezvous", []string{"certs"}, []string{"github.com/nats-io", "github.com/prometheus", "github.com/pion", "github.com/spf13", "net/http"}},
	} {
		cmd := exec.Command("go", "list", "-deps", module+tc.pkg)
		cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("go list %s: %v\n%s", tc.pkg, err, out)
		}
		for dep := range strings.FieldsSeq(string(out)) {
			if own, ok := strings.CutPrefix(dep, module); ok && own != tc.pkg && !slices.Contains(tc.allowed, own) {
				t.Errorf("%s must not import %s", tc.pkg, own)
			}
			for _, p := range tc.never {
				if strings.HasPrefix(dep, p) {
					t.Errorf("%s must not import %s", tc.pkg, dep)
				}
			}
		}
	}
}
