package main

import (
	"errors"
	"strings"
	"testing"
)

func TestRoomNames(t *testing.T) {
	for typed, want := range map[string]string{
		"standup":                 "standup",
		"StandUp":                 "standup",
		"  team \t meeting\n":     "team meeting",
		"Cafe\u0301":              "café",
		"STRASSE":                 "strasse",
		"Straße":                  "strasse",
		"a\x1b[31mb\u202e":        "a[31mb",
		strings.Repeat("ß", 32):   strings.Repeat("s", 64),
		strings.Repeat("日", 64):   strings.Repeat("日", 64),
		"":                        "",
		" \u200b ":                "",
		strings.Repeat("x", 65):   "",
		strings.Repeat("ß", 33):   "",
		strings.Repeat(" x", 4e3): "",
	} {
		name, err := roomName(typed)
		var bad *usageError
		if name != want || errors.As(err, &bad) != (want == "") {
			t.Errorf("%q is %q, %v, want %q", typed, name, err, want)
		}
		if again, err := roomName(name); name != "" && (again != name || err != nil) {
			t.Errorf("%q is %q, %v the second time", name, again, err)
		}
	}
}
