package media

import "time"

// How long a line of chat stays in the picture: time to notice and read it.
const (
	chatStays = 14 * time.Second
	chatFades = 800 * time.Millisecond
	chatShown = 6 // lines at most
)

// A chatLog knows since when each line of chat has been there.
type chatLog struct {
	lines []chatLine // as Scene.Chat, oldest first
}

type chatLine struct {
	text  string
	since time.Time
}

// update takes over Scene.Chat, to whose end lines are added and from whose
// beginning they disappear.
func (c *chatLog) update(now time.Time, lines []string) {
	for len(c.lines) > 0 && !c.beginWith(lines) {
		c.lines = c.lines[1:]
	}
	for _, text := range lines[len(c.lines):] {
		c.lines = append(c.lines, chatLine{text, now})
	}
}

// beginWith says whether the lines known are the first of lines.
func (c *chatLog) beginWith(lines []string) bool {
	if len(c.lines) > len(lines) {
		return false
	}
	for i, l := range c.lines {
		if l.text != lines[i] {
			return false
		}
	}
	return true
}

// latest are the lines still to be seen, oldest first.
func (c *chatLog) latest(now time.Time) []chatLine {
	first := max(len(c.lines)-chatShown, 0)
	for first < len(c.lines) && c.lines[first].opacity(now) == 0 {
		first++
	}
	return c.lines[first:]
}

// opacity is opaque at first and 0 in the end.
func (l chatLine) opacity(now time.Time) int {
	left := chatStays + chatFades - now.Sub(l.since)
	return int(opaque * min(max(left, 0), chatFades) / chatFades)
}
