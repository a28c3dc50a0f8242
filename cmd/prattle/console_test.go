package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestConsoleKeepsForLater(t *testing.T) {
	var out bytes.Buffer
	c := &console{err: &out, typing: newTyping(os.Stdin)}
	c.printf("before")
	c.yield(true)
	for n := range 2 * maxKept {
		c.printf("line %d", n)
	}
	if out.String() != "before\n" {
		t.Errorf("into the picture: %q", out.String())
	}
	c.yield(false)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 1+maxKept || lines[maxKept] != fmt.Sprintf("line %d", 2*maxKept-1) {
		t.Errorf("%d lines, the last is %q", len(lines), lines[len(lines)-1])
	}
	c.yield(false)
	if got := strings.Count(out.String(), "\n"); got != 1+maxKept {
		t.Error("told twice")
	}
}
