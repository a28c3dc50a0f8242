package main

import (
	"strings"
	"testing"

	"github.com/skulltech/prattle/certs"
)

func TestPeers(t *testing.T) {
	id := func() certs.PeerID {
		i, err := certs.New()
		if err != nil {
			t.Fatal(err)
		}
		return i.ID()
	}
	alice, bob, carol := id(), id(), id()
	l, err := parsePeers([]byte("# friends\n\n" + alice.String() + "  # Alice\r\n\t" + strings.ToUpper(bob.String())))
	if err != nil || len(l) != 2 || !l.has(alice) || !l.has(bob) || l.has(carol) {
		t.Errorf("%v, %v", l, err)
	}
	for text, want := range map[string]string{"x": "1: ", "\n" + alice.String() + " " + bob.String(): "2: ", alice.String() + "x": "1: "} {
		if l, err := parsePeers([]byte(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, %v", text, l, err)
		}
	}
	for name, tc := range map[string]struct {
		allow, block       peerList
		alice, bob, nobody bool
	}{
		"no lists":     {nil, nil, true, true, true},
		"allow":        {peerList{alice: {}}, nil, true, false, false},
		"allow nobody": {peerList{}, nil, false, false, false},
		"block":        {nil, peerList{alice: {}}, false, true, true},
		"both":         {peerList{alice: {}, bob: {}}, peerList{alice: {}}, false, true, false},
	} {
		served := whom(tc.allow, tc.block)
		if served(alice) != tc.alice || served(bob) != tc.bob || served(certs.PeerID{}) != tc.nobody {
			t.Errorf("%s: %v %v %v", name, served(alice), served(bob), served(certs.PeerID{}))
		}
	}
}

func FuzzParsePeers(f *testing.F) {
	f.Add([]byte("# x\n25njqam-cweflpv-kl73j4s-zahhiho-c4xt3kt-cgjnpai-ngr5yhk-engd74r # y\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if l, err := parsePeers(b); err == nil && l.has(certs.PeerID{}) {
			t.Error("nobody is in the list")
		}
	})
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte("listen = \":1\"\nstun = [\"a:1\"]\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := parseConfig("x", b)
		if err != nil {
			return
		}
		flags := newRootCommand().Flags()
		for name := range file {
			if flags.Lookup(name) != nil {
				setFrom(flags, name, file)
			}
		}
	})
}
