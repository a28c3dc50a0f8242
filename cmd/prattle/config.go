package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/cobra"

	"github.com/skulltech/prattle/certs"
)

// settableFlags are the flags that the environment and the configuration file can
// set too. What says how to do one thing once (--once, --json) is not among them.
var settableFlags = []string{
	"identity", "cert", "key", "ca", "known-peers", "name",
	"video", "audio", "view", "speaker", "view-size", "video-size", "fps", "max-up", "codec",
	"server", "stun", "turn", "relay-only", "no-relay", "lan",
	"listen", "answer", "admit", "passphrase-file", "no-announce", "no-discover", "push-to-talk", "address", "expires", "timeout",
	"trace", "log", "log-level",
}

// listFlags take several values, which a file lists.
var listFlags = []string{"address", "server", "stun", "turn"}

// exclusiveFlags name the same thing in several ways: who has set one of them does
// not want another from a layer below.
var exclusiveFlags = []string{"identity", "cert", "key"}

// maxConfig bounds the configuration file, in bytes.
const maxConfig = 64 << 10

// noConfig stands for no configuration file.
const noConfig = "none"

// ownFlags marks a command whose flags are its own affair, whatever they are called.
const ownFlags = "own flags"

// originAnnotation is where a flag has its value from, if it is not the command line.
const originAnnotation = "origin"

// configError says that the configuration file, or what it sets, cannot be used.
type configError struct {
	err  error
	hint string
}

func (e *configError) Error() string { return e.err.Error() }
func (e *configError) Unwrap() error { return e.err }

func newConfigTopic() *cobra.Command {
	return &cobra.Command{
		Use:   "config",
		Short: "Where settings come from: flags, PRATTLE_* variables, the configuration file",
		Long: `A setting is taken from the first of these that has it:

  the flag          --max-up 800k
  the environment   PRATTLE_MAX_UP=800k
  the file          max-up = "800k"

The file is TOML: $XDG_CONFIG_HOME/prattle/config.toml (~/.config/prattle/config.toml),
or the one that --config or PRATTLE_CONFIG names; "none" is no file. It can set
  ` + strings.Join(settableFlags, ", "),
		Example: `  # ~/.config/prattle/config.toml
  name = "Alice"
  answer = "ask"
  fps = 24
  max-up = "1500k"`,
	}
}

// applySettings gives the flags of a command that the command line leaves open
// what the environment or the configuration file says.
func applySettings(c *cobra.Command, config string) error {
	if c.Annotations[ownFlags] != "" || !slices.ContainsFunc(settableFlags, func(f string) bool { return c.Flags().Lookup(f) != nil }) {
		return nil
	}
	if err := applyLayer(c, environment); err != nil {
		return err
	}
	file, err := loadConfig(config)
	if err != nil {
		return err
	}
	return applyLayer(c, file.setting)
}

// source looks a setting up: its values, and where they are from. Its error names
// that place too.
type source func(flag string) (values []string, origin string, err error)

func applyLayer(c *cobra.Command, from source) error {
	excluded := slices.ContainsFunc(exclusiveFlags, func(name string) bool {
		f := c.Flags().Lookup(name)
		return f != nil && f.Changed
	})
	for _, name := range settableFlags {
		f := c.Flags().Lookup(name)
		if f == nil || f.Changed || excluded && slices.Contains(exclusiveFlags, name) {
			continue
		}
		values, origin, err := from(name)
		if err != nil {
			return err
		}
		for _, v := range values {
			if err := c.Flags().Set(name, v); err != nil {
				return badSetting(origin, "", fmt.Errorf("%s: %q is no %s", origin, v, f.Value.Type()))
			}
			f.Annotations = map[string][]string{originAnnotation: {origin}}
		}
	}
	return nil
}

// badSetting is the error for a setting that is not on the command line.
func badSetting(origin, hint string, err error) error {
	if strings.HasPrefix(origin, "PRATTLE_") {
		return &usageError{err, hint}
	}
	return &configError{err, hint}
}

func environment(flag string) ([]string, string, error) {
	key := "PRATTLE_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
	if v := os.Getenv(key); v != "" {
		return []string{v}, key, nil
	}
	return nil, "", nil
}

// configFile is what a configuration file says.
type configFile struct {
	path     string
	settings map[string]any
}

// loadConfig reads the file at path, or the user's own if path is empty. The
// user's own may be missing. Others must not be able to write to it: it can say
// who is answered.
func loadConfig(path string) (configFile, error) {
	if path == noConfig {
		return configFile{}, nil
	}
	named := path != ""
	if !named {
		dir, err := configDir()
		if err != nil {
			return configFile{}, err
		}
		path = filepath.Join(dir, "config.toml")
	} else if _, err := os.Stat(path); err != nil {
		return configFile{}, &configError{fmt.Errorf("--config: %w", err), "`prattle help config` says what can be in it"}
	}
	data, err := certs.SharedFile{Path: path, Limit: maxConfig}.Read()
	if err != nil {
		return configFile{}, &configError{fmt.Errorf("read configuration: %w", err), trustHint(err)}
	}
	settings, err := parseConfig(data)
	if err != nil {
		return configFile{}, &configError{fmt.Errorf("%s:%w", path, err), "`prattle help config` says what can be in it"}
	}
	return configFile{path, settings}, nil
}

// parseConfig reads TOML. Its error begins with the line, or a space.
func parseConfig(data []byte) (map[string]any, error) {
	var settings map[string]any
	err := toml.Unmarshal(data, &settings)
	var syntax *toml.DecodeError
	if errors.As(err, &syntax) {
		line, column := syntax.Position()
		return nil, fmt.Errorf("%d:%d: %w", line, column, err)
	}
	if err != nil {
		return nil, fmt.Errorf(" %w", err)
	}
	for key := range settings {
		if !slices.Contains(settableFlags, key) {
			return nil, fmt.Errorf(" there is no setting %q", key)
		}
	}
	return settings, nil
}

// setting is the source that the file is.
func (f configFile) setting(flag string) (values []string, origin string, err error) {
	v, ok := f.settings[flag]
	if !ok {
		return nil, "", nil
	}
	origin = f.path + ": " + flag
	list, isList := v.([]any)
	if !isList {
		list = []any{v}
	}
	if isList && !slices.Contains(listFlags, flag) {
		return nil, "", &configError{fmt.Errorf("%s: want one value, not a list", origin), ""}
	}
	for _, v := range list {
		switch v := v.(type) {
		case string, int64, bool:
			values = append(values, fmt.Sprint(v))
		default:
			return nil, "", &configError{fmt.Errorf("%s: want a text or a whole number", origin), ""}
		}
	}
	return values, origin, nil
}
