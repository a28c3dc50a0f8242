package main

import (
	"context"
	"fmt"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/peer"
)

// roomTalk is a room of several people as one of them lives it.
type roomTalk struct {
	seat
	name      string
	admission policy // who enters without knocking
	conf      *peer.Conference
	screen    *roomScreen
	joined    time.Time
	people    []participant     // in the room, then before it
	met       map[string]string // peer IDs of all who were in it, and how they are shown
	removed   []participant     // by us: they can be admitted again
	talk      pushToTalk
	underWay  map[privateLine]uint64  // private lines, and under which number the screen has them
	lines     uint64                  // numbers given to them
	inside    map[*peer.Link]bool     // who is in the room
	refused   map[certs.PeerID]string // by whom we were turned away, and why, as last told
	sentAway  map[certs.PeerID]bool   // whom we have refused
	knocks    bool                    // we have been told that we wait before the room
	locked    bool                    // as last told
	left      bool                    // we are on our way out
	end       error                   // why, if we did not want to
	problem   string                  // of discovery, as last told
}

// privateLine is a line of chat to one member.
type privateLine struct {
	link *peer.Link
	id   uint64
}

func newRoomTalk(s *session, name string, admission policy) *roomTalk {
	t := &roomTalk{
		name:      name,
		admission: admission,
		talk:      newPushToTalk(true),
		underWay:  make(map[privateLine]uint64),
		met:       make(map[string]string),
		inside:    make(map[*peer.Link]bool),
		refused:   make(map[certs.PeerID]string),
		sentAway:  make(map[certs.PeerID]bool),
	}
	t.screen = newRoomScreen(name, s.settings.video != "none")
	t.seat = seat{session: s, notes: &t.screen.overlay}
	s.decorate = t.screen.decorate
	return t
}

// run enters the room and stays until the end.
func (t *roomTalk) run(ctx context.Context, opts peer.JoinOptions) (err error) {
	if t.conf, err = t.room.Join(opts); err != nil {
		return err
	}
	t.joined = time.Now()
	t.screen.begin(t.conf, t.joined)
	t.console.printf("in room %s at %s; waiting for others", shownRoom(t.name), t.room.Addr())
	if !t.talk.on() {
		t.console.printf("you are muted: hold the space bar to talk, or type /mute")
	}
	t.log.Info("joined a room")
	err = t.stay(ctx)
	t.console.yield(false)
	t.report()
	return err
}

// stay follows what happens until the room is left.
func (t *roomTalk) stay(ctx context.Context) error {
	var leaveAt <-chan time.Time
	if t.settings.duration > 0 {
		leaveAt = time.After(t.settings.duration)
	}
	second := time.NewTicker(bookInterval)
	defer second.Stop()
	bar := time.NewTimer(0)
	defer bar.Stop()
	stop, lines := ctx.Done(), t.console.typing.begin()
	for {
		select {
		case e := <-t.room.Events():
			t.handle(e)
		case line, ok := <-lines:
			if !ok {
				lines = make(chan string) // stdin has ended; the room goes on
				continue
			}
			t.line(line)
		case now := <-second.C:
			t.refresh(now)
		case now := <-bar.C:
			t.follow(func() { t.talk.advance(now) })
		case <-leaveAt:
			t.leave()
		case <-stop:
			stop = nil
			t.leave()
		case <-t.conf.Left():
			return t.outcome()
		}
		if next := t.talk.next(); !next.IsZero() {
			bar.Reset(time.Until(next))
		}
	}
}

// leave says goodbye to all. It does not wait.
func (t *roomTalk) leave() {
	if !t.left {
		t.left = true
		go t.conf.Leave()
	}
}

// giveUp leaves because of err.
func (t *roomTalk) giveUp(err error) {
	if !t.left {
		t.end = err
		t.leave()
	}
}

func (t *roomTalk) outcome() error {
	switch {
	case t.fault != nil:
		return t.fault
	case t.end != nil:
		return t.end
	}
	return t.stoppedOr(nil)
}

// refresh looks once a second at what tells nobody when it changes.
func (t *roomTalk) refresh(now time.Time) {
	t.refreshBook()
	t.meet()
	problem := ""
	if err := t.conf.Problem(); err != nil {
		problem = err.Error()
	}
	if problem != t.problem && problem != "" {
		t.tell("prattle: warning: others may not find this machine of themselves: %s; --peer HOST leads to a member", problem)
	}
	t.problem = problem
}

func (t *roomTalk) handle(e peer.Event) {
	t.session.handle(e)
	switch e.Kind {
	case peer.EventRing:
		e.Link.Decline("in a room")
	case peer.EventDevice:
		t.deviceFailed(e.Err, t.leave)
	case peer.EventView:
		t.viewed(e.View, t)
	case peer.EventJoined:
		t.came(e.Link)
	case peer.EventLeft:
		t.went(e.Link, e.Err)
	case peer.EventKnock:
		t.knocked(e.Link)
	case peer.EventRoom:
		t.roomChanged(e.Err)
	case peer.EventHand:
		t.hand(e.Link)
	case peer.EventChat:
		t.heard(e)
	case peer.EventDelivered:
		t.delivered(privateLine{e.Link, e.ID})
	case peer.EventState:
		t.stateChanged(e.Link)
	}
}

func (t *roomTalk) stateChanged(l *peer.Link) {
	switch l.State() {
	case peer.StateRinging:
		if !t.knocks && len(t.inside) == 0 {
			t.knocks = true
			t.announce("somebody inside is asked whether you may come in")
		}
	case peer.StateReconnecting:
		t.announce("nothing is heard from %s …", t.participant(l).shown)
	}
}

// announce tells people and shows it over the pictures wherever they are.
func (t *roomTalk) announce(format string, args ...any) {
	t.console.printf(format, args...)
	t.screen.note(fmt.Sprintf(format, args...))
}

// meet finds out who is here and what we know of them, which may have changed.
func (t *roomTalk) meet() {
	members, knocking := t.conf.Members(), t.conf.Knocking()
	t.people = t.people[:0]
	for _, l := range append(members, knocking...) {
		t.people = append(t.people, participant{link: l, who: t.acquaintance(l), said: l.Name()})
	}
	nameAll(t.people, t.book.list().Contacts())
	t.screen.meet(t.people[:len(members)])
}

// participant is somebody with whom we have, or had, a link.
func (t *roomTalk) participant(l *peer.Link) participant {
	for _, p := range t.people {
		if p.link == l {
			return p
		}
	}
	one := []participant{{link: l, who: t.acquaintance(l), said: l.Name()}}
	nameAll(one, t.book.list().Contacts())
	return one[0]
}

func (t *roomTalk) roomChanged(err error) {
	if err != nil {
		t.giveUp(fmt.Errorf("room %s: %w", shownRoom(t.name), err))
		return
	}
	t.meet()
	if locked := t.conf.Locked(); locked != t.locked {
		t.locked = locked
		t.screen.setLocked(locked)
		t.announce("%s", choose(locked, "the room is locked: nobody else comes in", "the room is open again"))
	}
}

func (t *roomTalk) hand(l *peer.Link) {
	p := t.participant(l)
	if l.Hand() {
		t.announce("%s raises a hand", p.shown)
	} else {
		t.console.printf("%s takes the hand down", p.shown)
	}
}

func (t *roomTalk) heard(e peer.Event) {
	line := t.participant(e.Link).shown + choose(e.Private, " (to you alone)", "") + ": " + e.Text
	t.screen.say(line)
	fmt.Fprintln(t.chatOutput(), line)
}

func (t *roomTalk) delivered(l privateLine) {
	if n, ok := t.underWay[l]; ok {
		delete(t.underWay, l)
		t.console.printf("  ✓ delivered")
		t.screen.delivered(n)
	}
}
