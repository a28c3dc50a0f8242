package main

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/peer"
)

// participant is somebody in a room, or before it.
type participant struct {
	link  *peer.Link
	who   acquaintance
	said  string // what they call themselves
	shown string // how the screen calls them
	typed string // how typed commands do: one word, that of nobody else here
}

// id is the beginning of the peer ID: whatever others call themselves, this is
// theirs alone.
func (p participant) id() string { return p.who.peer.ID.Short() }

// mark says how sure it is who they are.
func (p participant) mark() string { return choose(p.who.verified(), " ✓", "") }

// nameAll gives all people names: contacts theirs, strangers what they call
// themselves, unless a contact, here or not, or somebody else here is called so.
// Then they have the beginning of their peer ID.
func nameAll(people []participant, contacts []certs.Contact) {
	sure, all := make(map[string]int), make(map[string]int) // how many have a name
	for _, c := range contacts {
		sure[strings.ToLower(c.Name)]++
	}
	for i := range people {
		p := &people[i]
		p.shown, p.typed = p.who.name(p.said), p.ownName()
		switch p.who.kind {
		case known: // among the contacts
		case vouched:
			sure[strings.ToLower(p.typed)]++
		default:
			all[strings.ToLower(p.typed)]++
		}
	}
	for i := range people {
		p := &people[i]
		name := strings.ToLower(p.typed)
		switch p.who.kind {
		case known:
		case vouched:
			if sure[name] > 1 {
				p.typed = p.id()
			}
		default:
			if sure[name]+all[name] > 1 {
				p.typed = p.id()
			}
			p.tellApart()
		}
	}
}

// tellApart adds the peer ID to a name that is not theirs alone, or stands for one.
func (p *participant) tellApart() {
	switch {
	case p.who.kind != stranger || p.typed != p.id():
	case p.said == p.id(): // they have not said how they are called
		p.shown = "stranger " + p.id()
	default:
		p.shown += " " + p.id()
	}
}

// ownName is what would be typed for somebody if it were theirs alone.
func (p *participant) ownName() string {
	switch p.who.kind {
	case known, vouched:
		return p.who.contact.Name
	case stranger:
		if name, err := certs.CleanName(p.said); err == nil {
			return name
		}
	}
	return p.id()
}

// Why typed words lead to nobody.
var (
	errNobody    = errors.New("nobody here is called that")
	errAmbiguous = errors.New("that can be more than one")
)

// findParticipant finds whom the beginning of a typed line names, and returns the
// rest of it. The beginning of a name will do if it is that of one alone.
func findParticipant(people []participant, contacts []certs.Contact, line string) (participant, string, error) {
	word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	word = strings.ToLower(strings.Trim(word, `“”"`))
	if word == "" {
		return participant{}, "", errors.New("whom? /names lists who is here")
	}
	var found []participant
	for _, p := range people {
		if word == strings.ToLower(p.typed) || word == p.id() {
			return p, strings.TrimSpace(rest), nil
		}
		if p.answersTo(word, contacts) {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 0:
		return participant{}, "", fmt.Errorf("%w: %s", errNobody, word)
	case 1:
		return found[0], strings.TrimSpace(rest), nil
	}
	return participant{}, "", fmt.Errorf("%w: %s or %s", errAmbiguous, found[0].typed, found[1].typed)
}

// answersTo says whether word is the beginning of p's name. Where it could mean a
// contact, a stranger does not answer: the contact may just have left.
func (p participant) answersTo(word string, contacts []certs.Contact) bool {
	if !strings.HasPrefix(strings.ToLower(p.typed), word) || !utf8.ValidString(word) {
		return false
	}
	if p.who.kind == known || p.who.kind == vouched {
		return true
	}
	for _, c := range contacts {
		if strings.HasPrefix(strings.ToLower(c.Name), word) {
			return false
		}
	}
	return true
}

// introduced says in brackets what is known of who somebody is.
func (p participant) introduced() string {
	switch p.who.kind {
	case known:
		return choose(p.who.contact.Verified, "contact ✓", "contact")
	case vouched:
		return "your CA says so ✓"
	case successor:
		return "signed by the old key of " + p.who.contact.Name
	}
	return "not in your contacts"
}
