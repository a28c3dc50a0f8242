package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/skulltech/prattle/media"
)

// key does what a key in the view stands for.
func (t *roomTalk) key(k rune) {
	switch k {
	case 'q', 'Q', media.KeyEscape, 3:
		t.leave()
	case 'm', 'M':
		t.mute()
	case ' ':
		t.follow(func() { t.talk.press(time.Now()) })
	case 'v', 'V':
		t.darken()
	case 'l', 'L':
		t.speakerView()
	case 'h', 'H':
		t.raiseHand()
	case 's', 'S':
		t.screen.toggleStats()
	case '?':
		t.screen.toggleHelp()
	case '0':
		t.unpin()
	default:
		if n := int(k - '1'); n >= 0 && n < min(9, len(t.conf.Members())) {
			t.pin(t.people[n])
		}
	}
}

// mute turns the microphone off or on by another key than the space bar.
func (t *roomTalk) mute() {
	t.seat.mute()
	t.talk.set(!t.screen.isMuted())
}

// startMuted has the space bar turn the microphone on.
func (t *roomTalk) startMuted() {
	t.room.SetMuted(t.screen.toggleMuted())
	t.talk.set(false)
}

// follow turns the microphone on or off as change has the space bar want it.
func (t *roomTalk) follow(change func()) {
	change()
	if t.talk.on() == t.screen.isMuted() {
		t.seat.mute()
	}
}

func (t *roomTalk) speakerView() {
	on := t.screen.toggleSpeakerView()
	t.room.SetSpeakerView(on)
	t.console.printf("%s", choose(on, "who speaks is shown large", "all are shown alike"))
}

func (t *roomTalk) raiseHand() {
	up := t.screen.toggleHand()
	t.conf.SetHand(up)
	t.tell("%s", choose(up, "your hand is up", "your hand is down"))
}

// pin shows somebody large from now on, or no more if they are.
func (t *roomTalk) pin(p participant) {
	if t.screen.setPinned(p.link) {
		t.room.Pin(p.link)
		t.tell("%s is shown large; 0 or /pin shows all alike", p.shown)
	} else {
		t.unpin()
	}
}

func (t *roomTalk) unpin() {
	t.screen.setPinned(nil)
	t.room.Pin(nil)
}

// roomCommands are what a typed line that begins with a slash can be.
func roomCommands() []typedCommand[*roomTalk] {
	plain := func(f func(*roomTalk)) func(*roomTalk, string) {
		return func(t *roomTalk, _ string) { f(t) }
	}
	key := func(k rune) func(*roomTalk, string) {
		return func(t *roomTalk, _ string) { t.key(k) }
	}
	return []typedCommand[*roomTalk]{
		{"/to", false, (*roomTalk).whisper},
		{"/names", false, plain((*roomTalk).names)},
		{"/who", false, plain((*roomTalk).names)},
		{"/admit", false, (*roomTalk).admit},
		{"/refuse", false, to((*roomTalk).refuse)},
		{"/remove", true, to((*roomTalk).remove)},
		{"/lock", false, plain(func(t *roomTalk) { t.conf.SetLocked(true) })},
		{"/unlock", false, plain(func(t *roomTalk) { t.conf.SetLocked(false) })},
		{"/mute", false, (*roomTalk).muteSomebody},
		{"/volume", false, to((*roomTalk).volume)},
		{"/camera", false, key('v')},
		{"/pin", false, (*roomTalk).pinSomebody},
		{"/speaker", false, key('l')},
		{"/hand", false, key('h')},
		{"/stats", false, key('s')},
		{"/help", false, plain((*roomTalk).help)},
		{"/quit", false, key('q')},
	}
}

const roomHelp = `/to NAME TEXT        a message to one alone; what has no slash goes to all
/names               who is here, and who knocks
/admit /refuse NAME  let somebody in who knocks, or send them away
/remove NAME         put somebody out of the room
/lock /unlock        let nobody else in; let people in again
/mute [NAME]         your microphone, or how loud somebody is here, off and on
/volume NAME 0-400   how loud somebody is here, in per cent
/pin [NAME]          show somebody large; show all alike
/speaker             show large who speaks
/camera /hand        your camera; your hand
/stats /quit         figures; leave`

func (t *roomTalk) help() {
	t.screen.toggleHelp()
	if t.settings.view != "terminal" {
		t.console.printf("%s", roomHelp)
	}
}

// line sends a typed line to all, or does what it says.
func (t *roomTalk) line(text string) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
	case strings.HasPrefix(text, "/"):
		if err := obey(t, roomCommands(), text); err != nil {
			t.tell("%v", err)
		}
	case len(t.conf.Members()) == 0:
		t.tell("nobody is here to read that")
	default:
		t.conf.SendChat(text)
		t.screen.saySelf(0, text)
	}
}

// to makes a command of what is done with one person.
func to(f func(t *roomTalk, p participant, rest string)) func(*roomTalk, string) {
	return func(t *roomTalk, arg string) {
		if p, rest, ok := t.find(arg); ok {
			f(t, p, rest)
		}
	}
}

// find finds whom a typed line means, or tells why not.
func (t *roomTalk) find(arg string) (participant, string, bool) {
	t.meet()
	p, rest, err := findParticipant(t.people, t.book.list().Contacts(), arg)
	if err != nil {
		t.tell("%v", err)
	}
	return p, rest, err == nil
}

func (t *roomTalk) whisper(arg string) {
	p, text, ok := t.find(arg)
	switch {
	case !ok:
	case text == "":
		t.tell("what? /to %s TEXT", p.typed)
	default:
		t.lines++
		t.underWay[privateLine{p.link, p.link.SendPrivate(text)}] = t.lines
		t.screen.add(chatLine{text: fmt.Sprintf("you to %s alone: %s", p.shown, text), id: t.lines})
	}
}

func (t *roomTalk) names() {
	t.meet()
	inside := len(t.conf.Members())
	here, knocking := []string{"you"}, []string{}
	for i, p := range t.people {
		switch entry := p.shown + " (" + p.introduced(); {
		case i >= inside:
			knocking = append(knocking, entry+")")
		case p.link.Hand():
			here = append(here, entry+", hand up)")
		default:
			here = append(here, entry+")")
		}
	}
	t.tell("here: %s", strings.Join(here, ", "))
	if len(knocking) > 0 {
		t.tell("knocking: %s", strings.Join(knocking, ", "))
	}
}

// admit lets somebody in who knocks, whom we have removed, or a contact who is yet to
// come.
func (t *roomTalk) admit(arg string) {
	t.meet()
	contacts := t.book.list()
	p, _, err := findParticipant(append(slices.Clone(t.people), t.removed...), contacts.Contacts(), arg)
	id := p.who.peer.ID
	if contact, unknown := contacts.ByName(arg); err != nil && unknown == nil {
		id, err = contact.ID, nil
	}
	if err != nil {
		t.tell("%v", err)
		return
	}
	t.removed = slices.DeleteFunc(t.removed, func(r participant) bool { return r.who.peer.ID == id })
	t.conf.Admit(id)
}

func (t *roomTalk) refuse(p participant, _ string) { t.sendAway(p.link.Peer()) }

func (t *roomTalk) remove(p participant, _ string) {
	t.tell("%s is put out of the room, for all; /admit %s takes it back", p.shown, p.typed)
	t.removed = append(t.removed, p)
	t.conf.Remove(p.link.Peer())
}

// muteSomebody turns our microphone off or on, or somebody's sound here.
func (t *roomTalk) muteSomebody(arg string) {
	if arg == "" {
		t.mute()
		return
	}
	p, _, ok := t.find(arg)
	if !ok {
		return
	}
	silent := t.screen.toggleSilent(p.link)
	t.setVolume(p)
	t.tell("%s %s", p.shown, choose(silent, "is silent here; /mute again undoes it", "is heard again"))
}

// maxVolume is the loudest that somebody can be made, in per cent.
const maxVolume = 400

func (t *roomTalk) volume(p participant, arg string) {
	percent, err := strconv.Atoi(strings.TrimSuffix(arg, "%"))
	if err != nil || percent < 0 || percent > maxVolume {
		t.tell("how loud? /volume %s takes 0 to %d, in per cent", p.typed, maxVolume)
		return
	}
	t.screen.setVolume(p.link, percent)
	t.setVolume(p)
	t.tell("%s is at %d %%", p.shown, percent)
}

// setVolume makes somebody as loud as was last wished.
func (t *roomTalk) setVolume(p participant) {
	p.link.SetVolume(float64(t.screen.volume(p.link)) / 100)
}

func (t *roomTalk) pinSomebody(arg string) {
	if arg == "" {
		t.unpin()
		return
	}
	if p, _, ok := t.find(arg); ok {
		t.pin(p)
	}
}
