package main

import "testing"

func TestScreenSaysWhatIsSent(t *testing.T) {
	for want, s := range map[string]*screen{
		"● camera on": {overlay: overlay{hasCamera: true}},
		"camera off":  {overlay: overlay{hasCamera: true, cameraOff: true}},
		"no camera":   {},
		"on hold":     {overlay: overlay{hasCamera: true}, held: true},
	} {
		if got := s.sending(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestScreenSaysWhoIsThere(t *testing.T) {
	for want, s := range map[string]*screen{
		"alice ✓":                   {who: "alice", verified: true, digits: "012 3456"},
		"alice   compare: 012 3456": {who: "alice", digits: "012 3456"},
		"“Eve ✓”":                   {who: "“Eve ✓”"},
	} {
		if got := s.title(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
