//go:build !linux

package main

import "time"

// discardTyped leaves what waits to be read from a terminal.
func discardTyped(int) {}

// awaitInput lets the read itself wait. It can then take the first line that was
// meant for the view.
func awaitInput(int, time.Duration) bool { return true }
