package main

import "testing"

func TestFindCommand(t *testing.T) {
	for word, want := range map[string]string{
		"/mute": "/mute", "/m": "/mute", "/save": "/save", "/sa": "/save", "/st": "/stats", "/q": "/quit",
		"/verified": "/verified", "/block": "/block", "/ho": "/hold", "/c": "/camera",
		"/s": "", "/h": "", "/v": "", "/b": "", "/bloc": "", "/": "", "/x": "", "/mutes": "", "/Mute": "",
	} {
		got, err := findCommand(callCommands(), word)
		if (err == nil) != (want != "") || got.name != want {
			t.Errorf("%s is %q, %v, want %q", word, got.name, err, want)
		}
	}
}
