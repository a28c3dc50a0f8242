package natsdirectory

import (
	"strings"
	"testing"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto/rendezvous"
)

func TestSubjects(t *testing.T) {
	peer, device := certs.PeerID{1, 2}, rendezvous.Device{3, 4}
	for text, want := range map[string]subject{
		cardsSubject(peer):          {kindCards, peer, rendezvous.Device{}},
		letterSubject(peer, device): {kindLetter, peer, device},
		takenSubject(peer, device):  {kindTaken, peer, device},
	} {
		if got, err := parseSubject(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	if got, want := letterSubject(peer, device), "prattle.rendezvous.v1.letter.0102"+strings.Repeat("00", 30)+".0304"+strings.Repeat("00", 6); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, text := range []string{
		"", "prattle", prefix, prefix + "cards", prefix + "cards.00", prefix + "letter.00.00", prefix + "other." + strings.Repeat("00", 32),
		cardsSubject(peer) + ".00", cardsSubject(peer)[:90] + "x", strings.TrimSuffix(letterSubject(peer, device), "00"),
		prefix + kindLetter + "." + strings.Repeat("00", 32), letterSubject(peer, device) + ".x",
	} {
		if got, err := parseSubject(text); err == nil {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

func FuzzParseSubject(f *testing.F) {
	f.Add(cardsSubject(certs.PeerID{1}))
	f.Add(letterSubject(certs.PeerID{1}, rendezvous.Device{2}))
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseSubject(text)
		if err != nil {
			return
		}
		again := ofDevice(s.kind, s.peer, s.device)
		if s.kind == kindCards {
			again = cardsSubject(s.peer)
		}
		if !strings.EqualFold(again, text) {
			t.Errorf("%q is read as %q", text, again)
		}
	})
}
