package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/skulltech/prattle/certs"
)

// name is how the screen calls the peer: as the user does, or as it says itself,
// in quotation marks, which no name that others choose can have.
func (a acquaintance) name(said string) string {
	switch a.kind {
	case known, vouched:
		return a.contact.Name
	case successor:
		return a.contact.Name + " (new key)"
	}
	return "“" + strings.NewReplacer("“", "", "”", "").Replace(said) + "”"
}

// introduction says what there is to know about who the peer is; nothing about a
// contact.
func (a acquaintance) introduction() string {
	switch {
	case a.kind == vouched:
		return fmt.Sprintf("  your CA says that this is %s", a.contact.Name)
	case a.kind == successor:
		return fmt.Sprintf("  this is a new key, which the key that you know as %s has signed; `/save %[1]s` takes it from now on", a.contact.Name)
	case a.ticket:
		return "  verified by the ticket; /save NAME keeps them in your contacts"
	case a.kind == stranger:
		return "  not in your contacts; /save NAME keeps them"
	}
	return ""
}

// showNumber shows what the two people can compare, unless they know each other.
func (c *conversation) showNumber() {
	digits, ok := c.link.SAS()
	if !ok {
		return
	}
	c.screen.number(digits)
	if c.meet().verified() {
		return
	}
	c.console.printf("nobody has checked yet that this is %s. If nobody sits between you, both of you see\n\n"+
		"      %s\n\nRead it to each other. If it is the same, both type /verified.", c.screen.name(), digits)
	c.screen.note("both of you should see " + digits + "; if so, type /verified")
}

// verify notes that the two people see the same number.
func (c *conversation) verify() {
	if _, ok := c.link.SAS(); !ok {
		c.tell("there is nothing to compare yet")
		return
	}
	c.compared = true
	who := c.meet()
	if who.kind != known {
		c.tell("verified for this call; /save NAME remembers it")
		return
	}
	_, err := c.book.change(func(k *certs.Known) (certs.Contact, error) { return k.SetVerified(who.contact.Name, true) })
	if err != nil {
		c.tell("prattle: warning: cannot remember it: %v", err)
		return
	}
	c.meet()
	c.tell("%s is verified, from now on", who.contact.Name)
}

// save keeps the peer in the contacts, under a name or the one that it says.
func (c *conversation) save(name string) {
	who := c.acquaintance(c.link)
	contact := certs.Contact{Name: name, ID: who.peer.ID, Verified: c.compared || who.ticket, Addrs: c.dialled}
	if name == "" {
		contact.Name = firstNonEmpty(who.contact.Name, c.link.Name)
	}
	saved, err := c.book.change(func(k *certs.Known) (certs.Contact, error) { return keep(k, contact, who) })
	if err != nil {
		c.tell("not saved: %v", err)
		return
	}
	c.meet()
	c.tell("saved as %s%s%s", saved.Name, choose(saved.Verified, ", verified", ""),
		choose(len(saved.Addrs) > 0, "; `prattle call "+shellQuote(saved.Name)+"` reaches them", ""))
}

// keep adds a contact, without its addresses if one of them means something here
// alone. The successor of a known peer takes that one's place, if it is to have its
// name.
func keep(k *certs.Known, contact certs.Contact, who acquaintance) (certs.Contact, error) {
	old, err := k.ByName(contact.Name)
	replace := err == nil && who.kind == successor && old.ID == who.contact.ID
	saved, err := addContact(k, contact, replace)
	if errors.Is(err, certs.ErrBadAddr) {
		contact.Addrs = nil
		return addContact(k, contact, replace)
	}
	return saved, err
}

// block keeps the peer from reaching us again, and ends the call.
func (c *conversation) block() {
	contact, err := c.book.change(func(k *certs.Known) (certs.Contact, error) { return blockPeer(k, c.link.Peer().String()) })
	if err != nil {
		c.tell("prattle: warning: cannot block: %v", err)
		return
	}
	c.tell("blocked as %s; `prattle contacts unblock %[1]s` undoes it", contact.Name)
	c.link.HangUp()
}

// offerToSave says how to keep somebody whom one did not know before.
func (c *conversation) offerToSave() {
	who := c.acquaintance(c.link)
	if who.kind != stranger && who.kind != successor || !c.connected || c.settings.json {
		return
	}
	name, err := certs.CleanName(c.link.Name())
	if err != nil {
		name = "NAME"
	}
	c.console.printf("to keep them in your contacts: prattle contacts add %s %s%s", name, c.link.Peer(), choose(c.compared || who.ticket, " --verified", ""))
}
