package certs

import (
	"errors"
	"testing"
)

func TestParseServer(t *testing.T) {
	id := testID(7)
	for text, want := range map[string]Server{
		"meet.example:7729":                {Addr: "meet.example:7729"},
		id.String() + "@[2001:db8::1]:443": {ID: id, Addr: "[2001:db8::1]:443"},
		id.String() + "@meet.example:7729": {ID: id, Addr: "meet.example:7729"},
	} {
		got, err := ParseServer(text)
		if err != nil || got != want {
			t.Errorf("%s: got %v, %v", text, got, err)
		}
		if again, err := ParseServer(got.String()); err != nil || again != want {
			t.Errorf("%s: read again: %v, %v", text, again, err)
		}
	}
	for text, want := range map[string]error{
		"meet.example": ErrBadAddr, "": ErrBadAddr, "@": ErrBadAddr,
		"bob@meet.example:7729": nil, "@meet.example:7729": nil,
	} {
		if got, err := ParseServer(text); err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%s: got %v, %v, want %v", text, got, err, want)
		}
	}
}
