package rendezvous

import (
	"crypto/hpke"
	"errors"
	"fmt"
	"time"

	"github.com/skulltech/prattle/certs"
)

// inbox opens the mail for one device and lets each letter through once. It has no
// clock and no lock: the Client owns it.
//
// What was sealed for a key can be repeated for as long as the key is kept, so the
// letters that a key has opened are remembered with it. A key that has opened as
// many as there is memory for has to be replaced, like one that is too old.
type inbox struct {
	id     *certs.Identity
	device Device
	keys   []inboxKey // newest first, at most two
}

type inboxKey struct {
	private hpke.PrivateKey
	made    time.Time
	opened  map[nonce]struct{}
}

const (
	// keyPeriod is how long a device gives out one key. Whoever takes the machine
	// later cannot read what was sealed for keys before.
	keyPeriod = time.Hour
	// keyOverlap is how long a key is kept after it was replaced: mail may be under
	// way that is sealed for it.
	keyOverlap = time.Minute
	// maxOpened bounds what a key remembers: 64 KiB of nonces, an hour of mail at
	// one a second.
	maxOpened = 4096
)

var (
	errRepeated = errors.New("mail was delivered before")
	errKeyWorn  = errors.New("key has opened too much mail")
)

// due says whether advance has something to do.
func (in *inbox) due(now time.Time) bool {
	return len(in.keys) == 0 || in.worn(now) || len(in.keys) == 2 && now.Sub(in.keys[0].made) >= keyOverlap
}

// worn says whether the newest key has to be replaced.
func (in *inbox) worn(now time.Time) bool {
	return now.Sub(in.keys[0].made) >= keyPeriod || len(in.keys[0].opened) >= maxOpened
}

// advance replaces and forgets keys whose time has come.
func (in *inbox) advance(now time.Time) error {
	if len(in.keys) == 2 && now.Sub(in.keys[0].made) >= keyOverlap {
		in.keys = in.keys[:1]
	}
	if len(in.keys) > 0 && !in.worn(now) {
		return nil
	}
	private, err := hpke.MLKEM768X25519().GenerateKey()
	if err != nil {
		return fmt.Errorf("make key: %w", err)
	}
	in.keys = append([]inboxKey{{private, now, make(map[nonce]struct{})}}, in.keys[:min(len(in.keys), 1)]...)
	return nil
}

// card makes a card for the newest key.
func (in *inbox) card(now time.Time) (Card, error) {
	return newCard(in.id, in.device, in.keys[0].private.PublicKey(), now)
}

// open verifies and opens mail that the server says is from a peer.
func (in *inbox) open(from certs.PeerID, sealed []byte) (letterText, error) {
	err := errUndecipherd
	for i := range in.keys {
		var text letterText
		if text, err = unseal(in.keys[i].private, from, in.id.ID(), in.device, sealed); err == nil {
			return text, in.admit(i, text.Nonce)
		}
		if !errors.Is(err, errUndecipherd) {
			break
		}
	}
	return letterText{}, err
}

// admit lets a letter through that the i-th key has opened, unless it came before.
func (in *inbox) admit(i int, n nonce) error {
	for _, k := range in.keys {
		if _, ok := k.opened[n]; ok {
			return errRepeated
		}
	}
	if len(in.keys[i].opened) >= maxOpened {
		return errKeyWorn
	}
	in.keys[i].opened[n] = struct{}{}
	return nil
}
