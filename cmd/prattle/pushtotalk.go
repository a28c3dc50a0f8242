package main

import "time"

// pushToTalk makes a switch of the space bar where terminals and windows tell of no
// key that is let go: only that it was pressed, and while it is held down, again and
// again. A tap turns the microphone on or off; held down it is on until the bar is
// let go.
type pushToTalk struct {
	state    talkState
	last     time.Time // of a press
	deadline time.Time // when no further press decides; zero: nothing is open
}

type talkState int

const (
	talkOff   talkState = iota
	talkOn              // after a tap, or from the start
	talkDoubt           // on, and pressed again: a tap, or the first repetition
	talkHeld            // on, while presses follow each other closely
)

const (
	// repeatGap is what lies between two presses of a key held down, at most: slow
	// keyboards repeat ten times a second.
	repeatGap = 150 * time.Millisecond
	// releaseAfter is how long after the last of them it has been let go.
	releaseAfter = 250 * time.Millisecond
)

func newPushToTalk(on bool) pushToTalk {
	if on {
		return pushToTalk{state: talkOn}
	}
	return pushToTalk{}
}

// on says whether the microphone is to be on.
func (k *pushToTalk) on() bool { return k.state != talkOff }

// set follows what turned the microphone on or off by other means.
func (k *pushToTalk) set(on bool) { *k = newPushToTalk(on) }

// press takes a press of the bar.
func (k *pushToTalk) press(now time.Time) {
	soon := now.Sub(k.last) <= repeatGap
	k.last = now
	switch {
	case k.state == talkOff:
		k.state = talkOn
	case k.state == talkHeld, soon:
		k.state, k.deadline = talkHeld, now.Add(releaseAfter)
	default:
		k.state, k.deadline = talkDoubt, now.Add(repeatGap)
	}
}

// advance turns the microphone off once no press has followed.
func (k *pushToTalk) advance(now time.Time) {
	if k.next().IsZero() || now.Before(k.deadline) {
		return
	}
	k.state, k.deadline = talkOff, time.Time{}
}

// next says when to call advance; zero for never.
func (k *pushToTalk) next() time.Time { return k.deadline }
