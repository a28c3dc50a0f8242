package peer

import "time"

// hold puts the call on hold or takes it off for this side; false if that changes
// nothing.
func (c *call) hold(on bool) bool {
	if !c.media() || c.holding == on {
		return false
	}
	c.holding = on
	return true
}

// handleHold is hold for the other side.
func (c *call) handleHold(on bool) bool {
	if !c.media() || c.held == on {
		return false
	}
	c.held = on
	return true
}

// Hold puts the call on hold or takes it off. While either side holds it, no sound
// and no picture is sent or played. EventHold tells both sides.
func (l *Link) Hold(on bool) {
	l.do(func(now time.Time) {
		if l.call.hold(on) {
			l.sendStreams()
			l.tellHold()
		}
	})
}

// Held says who holds the call.
func (l *Link) Held() (here, there bool) {
	l.remote.mu.Lock()
	defer l.remote.mu.Unlock()
	return l.remote.holding, l.remote.held
}

func (l *Link) handleHold(on bool) {
	if l.call.handleHold(on) {
		l.tellHold()
	}
}

// tellHold makes a change known. The pictures begin anew afterwards: what was
// under way was dropped.
func (l *Link) tellHold() {
	l.remote.mu.Lock()
	l.remote.holding, l.remote.held = l.call.holding, l.call.held
	l.remote.mu.Unlock()
	if l.call.flows() {
		l.jitter.Reset()
		l.demand.restart()
	}
	l.room.offer(Event{Kind: EventHold, Link: l})
}
