package main

import (
	"path/filepath"
	"runtime"
	"testing"
)

func TestPaths(t *testing.T) {
	home, xdg := t.TempDir(), t.TempDir()
	for name, test := range map[string]struct {
		xdg, env, want string
	}{
		"XDG":             {xdg, "", filepath.Join(xdg, "prattle", "identity.pem")},
		"the environment": {xdg, "mine.pem", "mine.pem"},
		"default":         {"", "", filepath.Join(home, ".config", "prattle", "identity.pem")},
		"relative XDG":    {"config", "", filepath.Join(home, ".config", "prattle", "identity.pem")},
	} {
		t.Run(name, func(t *testing.T) {
			if !filepath.IsAbs(test.xdg) && (runtime.GOOS == "windows" || runtime.GOOS == "darwin") {
				t.Skip("this system has a place of its own")
			}
			t.Setenv("HOME", home)
			t.Setenv("XDG_CONFIG_HOME", test.xdg)
			t.Setenv("PRATTLE_IDENTITY", test.env)
			if got, err := identityPath(); err != nil || got != test.want {
				t.Errorf("got %s, %v, want %s", got, err, test.want)
			}
		})
	}
}
