package main

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

// settingsOf runs a command with some of the settable flags through the layers,
// and returns the flags.
func settingsOf(t *testing.T, config string, args ...string) (f inviteFlags, err error) {
	t.Helper()
	c := &cobra.Command{
		Use:           "test",
		SilenceErrors: true, SilenceUsage: true,
		PreRunE: func(c *cobra.Command, _ []string) error { return applySettings(c, config) },
		RunE:    func(*cobra.Command, []string) error { return nil },
	}
	f.register(c)
	c.Flags().DurationVar(&f.expires, "expires", time.Hour, "")
	c.Flags().StringArrayVar(&f.addresses, "address", nil, "")
	_, _, err = runCommand(c, "", args...)
	return f, err
}

func writeConfig(t *testing.T, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFlagBeatsEnvironmentBeatsFileBeatsDefault(t *testing.T) {
	config := writeConfig(t, "fps = 10\nmax-up = '1M'\ncodec = \"vp8\"\nexpires = '5m'\naddress = ['a.example', 'b.example']\n")
	t.Setenv("PRATTLE_FPS", "20")
	t.Setenv("PRATTLE_MAX_UP", "2M")
	f, err := settingsOf(t, config, "--fps", "25")
	if err != nil {
		t.Fatal(err)
	}
	if f.fps != 25 || f.maxUp != "2M" || f.codec != "vp8" || f.expires != 5*time.Minute || f.viewSize != "1280x720" {
		t.Errorf("got %+v", f)
	}
	if !slices.Equal(f.addresses, []string{"a.example", "b.example"}) {
		t.Errorf("addresses %q", f.addresses)
	}
}

// Who names an identity in one way wants none that is named in another way below.
func TestIdentitySettingsExcludeEachOther(t *testing.T) {
	config := writeConfig(t, "cert = 'c.pem'\nkey = 'k.pem'\n")
	if f, err := settingsOf(t, config, "--identity", "me.pem"); err != nil || f.cert != "" || f.key != "" {
		t.Errorf("the flag: %+v, %v", f, err)
	}
	t.Setenv("PRATTLE_IDENTITY", "me.pem")
	if f, err := settingsOf(t, config); err != nil || f.identity != "me.pem" || f.cert != "" {
		t.Errorf("the environment: %+v, %v", f, err)
	}
	if f, err := settingsOf(t, config, "--cert", "other.pem"); err != nil || f.identity != "" || f.key != "" {
		t.Errorf("a certificate on the command line: %+v, %v", f, err)
	}
}

func TestBadConfig(t *testing.T) {
	for text, want := range map[string]string{
		"fps = ":            ":1:",
		"\nname = alice\n":  ":2:",
		"viedo = 'test'":    `no setting "viedo"`,
		"[call]\nfps = 1":   `no setting "call"`,
		"once = true":       `no setting "once"`,
		"fps = 'many'":      `fps: "many" is no int`,
		"fps = [1, 2]":      "not a list",
		"name = 1.5":        "text or a whole number",
		"expires = '1week'": "is no duration",
		"fps = 1\nfps = 2":  "fps",
	} {
		_, err := settingsOf(t, writeConfig(t, text))
		if err == nil {
			t.Errorf("%q is taken", text)
			continue
		}
		if code, _ := classify(err); code != exitConfig || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "config.toml") {
			t.Errorf("%q: exit %d, %v", text, code, err)
		}
	}
	_, err := settingsOf(t, filepath.Join(t.TempDir(), "none.toml"))
	if code, _ := classify(err); code != exitConfig || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a named file that is not there: %v", err)
	}
}

// A value that makes no sense is a fault of where it stands.
func TestBadValueIsBlamedOnItsOrigin(t *testing.T) {
	for _, test := range []struct {
		config, env, flag string
		code              int
		want              string
	}{
		{"view-size = 'big'", "", "", exitConfig, "config.toml: view-size: "},
		{"", "big", "", exitUsage, "PRATTLE_VIEW_SIZE: "},
		{"view-size = 'big'", "", "--view-size=huge", exitUsage, "--view-size: "},
	} {
		t.Setenv("PRATTLE_VIEW_SIZE", test.env)
		args := []string{}
		if test.flag != "" {
			args = append(args, test.flag)
		}
		f, err := settingsOf(t, writeConfig(t, test.config), args...)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.check()
		if err == nil {
			t.Fatalf("%+v: no error", test)
		}
		if code, _ := classify(err); code != test.code || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: exit %d, %v", test, code, err)
		}
	}
}

func TestConfigOthersCanWrite(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no such permissions")
	}
	config := writeConfig(t, "answer = 'all'")
	if err := os.Chmod(config, 0o622); err != nil {
		t.Fatal(err)
	}
	_, err := settingsOf(t, config)
	if code, hint := classify(err); code != exitConfig || !strings.HasPrefix(hint, "chmod 600 ") {
		t.Errorf("exit %d, hint %q, %v", code, hint, err)
	}
}

func TestEverySettingIsAFlag(t *testing.T) {
	var flags []string
	for _, c := range newRootCommand().Commands() {
		if c.Annotations[ownFlags] != "" {
			continue
		}
		for _, name := range settableFlags {
			if c.Flags().Lookup(name) != nil {
				flags = append(flags, name)
			}
		}
	}
	for _, name := range settableFlags {
		if !slices.Contains(flags, name) {
			t.Errorf("no command has a flag --%s", name)
		}
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte("fps = 10\nname = \"Alice\"\naddress = ['a', 'b']\n"))
	f.Add([]byte("[video]\na = 1979-05-27T07:32:00Z"))
	f.Fuzz(func(t *testing.T, data []byte) {
		settings, err := parseConfig(data)
		if err != nil {
			return
		}
		file := configFile{path: "config.toml", settings: settings}
		for name := range settings {
			values, origin, err := file.setting(name)
			if err == nil && (origin == "" || values == nil) && settings[name] != nil {
				if list, ok := settings[name].([]any); !ok || len(list) > 0 {
					t.Errorf("%s of %q is nothing", name, data)
				}
			}
		}
	})
}
