package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/skulltech/prattle/"

// importRules says which packages of ours, and which libraries, a package may
// reach, directly or not. Imports run one way: cmd -> peer -> {quicproto, media,
// certs}, quicproto -> media.
var importRules = []struct {
	pkg     string
	allowed []string // packages of ours
	never   []string // prefixes of import paths
}{
	{"certs", nil, []string{"net/http", "github.com/quic-go"}},
	{"media", nil, []string{"net/http", "github.com/quic-go", "github.com/pion", "gocv.io", "github.com/spf13"}},
	{"quicproto", []string{"media"}, []string{"gocv.io", "github.com/gordonklaus", "github.com/spf13"}},
	{"peer", []string{"quicproto", "quicproto/rendezvous", "media", "certs"}, []string{"gocv.io", "github.com/gordonklaus", "github.com/spf13"}},
	{"peer/quality", []string{"peer", "peer/netns", "peer/traced", "quicproto", "quicproto/rendezvous", "quicproto/quictest", "media", "certs"}, []string{"gocv.io", "github.com/gordonklaus", "github.com/spf13"}},
	{"peer/netns", []string{"quicproto/quictest", "media"}, []string{"gocv.io", "github.com/gordonklaus", "github.com/spf13"}},
	{"peer/roomlab", []string{"peer/netns", "quicproto/quictest", "media"}, []string{"gocv.io", "github.com/gordonklaus", "github.com/spf13"}},
	{"peer/natlab", []string{"peer/netns", "quicproto/quictest", "media"}, []string{"gocv.io", "github.com/gordonklaus", "github.com/spf13"}},
	{"quicproto/rendezvous", []string{"certs"}, []string{"github.com/nats-io", "github.com/spf13"}},
	{"quicproto/relay", nil, []string{"github.com/quic-go", "github.com/spf13"}},
	{"cmd/prattled", []string{"quicproto/rendezvous", "quicproto/rendezvous/natsdirectory", "quicproto/relay", "certs"}, nil},
	{"media/bell", nil, []string{"github.com/quic-go"}},
	{"media/vpx", []string{"media", "media/bell"}, []string{"github.com/quic-go"}},
	{"media/yuv", []string{"media"}, []string{"github.com/quic-go"}},
	{"media/opus", []string{"media"}, []string{"github.com/quic-go"}},
	{"media/portaudio", []string{"media", "media/bell"}, []string{"github.com/quic-go"}},
	{"media/opencv", []string{"media", "media/yuv"}, []string{"github.com/quic-go"}},
	{"cmd/prattle", []string{"peer", "peer/netns", "quicproto", "quicproto/quictest", "quicproto/rendezvous", "media", "certs", "media/vpx", "media/yuv", "media/opus", "media/portaudio", "media/bell"}, []string{"gocv.io", "gonum.org", "github.com/nats-io", "github.com/prometheus"}},
	{"cmd/prattle-opencv", []string{"media", "media/opencv", "media/yuv"}, []string{"github.com/quic-go"}},
}

func TestImportsRunOneWay(t *testing.T) {
	for _, r := range importRules {
		out, err := exec.Command("go", "list", "-deps", module+r.pkg).CombinedOutput()
		if err != nil {
			t.Fatalf("go list %s: %v\n%s", r.pkg, err, out)
		}
		for dep := range strings.FieldsSeq(string(out)) {
			if own, ok := strings.CutPrefix(dep, module); ok && own != r.pkg && !slices.Contains(r.allowed, own) {
				t.Errorf("%s must not import %s", r.pkg, own)
			}
			for _, p := range r.never {
				if strings.HasPrefix(dep, p) {
					t.Errorf("%s must not import %s", r.pkg, dep)
				}
			}
		}
	}
}
