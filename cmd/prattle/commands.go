package main

import (
	"fmt"
	"strings"

	"github.com/skulltech/prattle/media"
)

// key does what a key in the view stands for.
func (c *conversation) key(k rune) {
	switch k {
	case 'q', 'Q', media.KeyEscape, 3:
		c.leave()
	case 'm', 'M':
		c.mute()
	case 'v', 'V':
		c.darken()
	case 'p', 'P':
		here, _ := c.link.Held()
		c.link.Hold(!here)
	case 's', 'S':
		c.screen.toggleStats()
	case '?', 'h', 'H':
		c.screen.toggleHelp()
	}
}

func choose(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}

// typedCommand is what a typed line that begins with a slash can be.
type typedCommand[T any] struct {
	name  string
	whole bool // must be typed to the end: it cannot be undone
	run   func(t T, arg string)
}

func callCommands() []typedCommand[*conversation] {
	key := func(k rune) func(*conversation, string) {
		return func(c *conversation, _ string) { c.key(k) }
	}
	return []typedCommand[*conversation]{
		{"/mute", false, key('m')},
		{"/camera", false, key('v')},
		{"/hold", false, key('p')},
		{"/verified", true, func(c *conversation, _ string) { c.verify() }},
		{"/save", false, func(c *conversation, name string) { c.save(name) }},
		{"/block", true, func(c *conversation, _ string) { c.block() }},
		{"/stats", false, key('s')},
		{"/help", false, func(c *conversation, _ string) { c.help() }},
		{"/quit", false, key('q')},
	}
}

func (c *conversation) help() {
	c.key('?')
	c.console.printf(`/mute /camera     your microphone, your camera, off and on
/hold             send and play nothing for a while
/verified         the number that you both see is the same
/save [NAME]      keep them in your contacts
/block            end the call and let nothing through from them any more
/stats /quit      figures of the call; hang up
anything else is sent as a message`)
}

// line sends a typed line, or does what it says.
func (c *conversation) line(text string) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
	case strings.HasPrefix(text, "/"):
		c.command(text)
	default:
		c.screen.saySelf(c.link.SendChat(text), text)
	}
}

func (c *conversation) command(text string) {
	if err := obey(c, callCommands(), text); err != nil {
		c.tell("%v", err)
	}
}

// obey does what a typed line that begins with a slash says.
func obey[T any](t T, commands []typedCommand[T], line string) error {
	word, arg, _ := strings.Cut(line, " ")
	command, err := findCommand(commands, word)
	if err == nil {
		command.run(t, strings.TrimSpace(arg))
	}
	return err
}

// findCommand finds the command that word is the whole or the beginning of.
func findCommand[T any](commands []typedCommand[T], word string) (none typedCommand[T], err error) {
	var found []typedCommand[T]
	var names []string
	for _, command := range commands {
		names = append(names, command.name)
		if command.name == word {
			return command, nil
		}
		if strings.HasPrefix(command.name, word) {
			found = append(found, command)
		}
	}
	switch {
	case len(found) == 1 && found[0].whole:
		return none, fmt.Errorf("type %s if you mean it", found[0].name)
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1 && len(found) < len(names):
		return none, fmt.Errorf("%s could be %s or %s", word, found[0].name, found[1].name)
	}
	return none, fmt.Errorf("%s is no command: %s", word, strings.Join(names, " "))
}
