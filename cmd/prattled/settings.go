package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/pflag"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto/rendezvous"
)

// settings is what an operator can choose. Each has a flag, and of the same name a
// variable and a line in the configuration file.
type settings struct {
	config    string
	identity  string
	listen    string
	listenTLS string
	public    string
	allow     string
	block     string

	nats            string
	natsCredentials string
	natsCA          string

	relay      string
	relayTLS   string
	relayIPs   []string
	relayPorts string
	relayAllow []string
	relayDeny  []string
	tlsCert    string
	tlsKey     string
	secret     string
	stun       []string
	turn       []string

	metrics   string
	drain     time.Duration
	logLevel  string
	logFormat string
}

func (s *settings) addFlags(f *pflag.FlagSet) {
	f.StringVar(&s.config, "config", os.Getenv("PRATTLED_CONFIG"), "configuration `FILE` (TOML)")
	f.StringVar(&s.identity, "identity", "", "identity `FILE`, made if it is not there (default: identity.pem in $STATE_DIRECTORY or ~/.local/state/prattled)")
	f.StringVar(&s.listen, "listen", fmt.Sprintf(":%d", rendezvous.DefaultPort), "UDP `ADDRESS` of the rendezvous")
	f.StringVar(&s.listenTLS, "listen-tls", "", "TCP `ADDRESS` of the rendezvous for clients whose network blocks UDP: they ask at port 443; needs no certificate (default: that of --relay-tls)")
	f.StringVar(&s.public, "public", "", "`HOST` by which clients reach this server (default: its address on the way out)")
	f.StringVar(&s.allow, "allow", "", "`FILE` of peer IDs that are served, one in a line; all if there is none")
	f.StringVar(&s.block, "block", "", "`FILE` of peer IDs that are not served")

	f.StringVar(&s.nats, "nats", "", "`URL` of the NATS by which several prattled serve the same peers")
	f.StringVar(&s.natsCredentials, "nats-credentials", "", "`FILE` with the credentials for NATS")
	f.StringVar(&s.natsCA, "nats-ca", "", "`FILE` with the CA of NATS, for tls:// URLs")

	f.StringVar(&s.relay, "relay", "", "`ADDRESS` of the STUN and TURN relay, UDP and TCP, for instance :3478")
	f.StringVar(&s.relayTLS, "relay-tls", "", "TCP `ADDRESS` of the relay with TLS, and of the rendezvous for clients whose network blocks UDP, for instance :443; needs --tls-cert and --tls-key")
	f.StringSliceVar(&s.relayIPs, "relay-ip", nil, "`IP` that relayed packets come from, or LOCAL=PUBLIC behind a one-to-one NAT (default: those on the way out)")
	f.StringVar(&s.relayPorts, "relay-ports", "49152-65535", "`RANGE` of UDP ports that relayed packets come from")
	f.StringSliceVar(&s.relayAllow, "relay-allow", nil, "`NETWORK` that is relayed to although it is no part of the Internet")
	f.StringSliceVar(&s.relayDeny, "relay-deny", nil, "`NETWORK` that is not relayed to")
	f.StringVar(&s.tlsCert, "tls-cert", "", "`FILE` with the certificate chain of the relay (PEM)")
	f.StringVar(&s.tlsKey, "tls-key", "", "`FILE` with its private key (PEM)")
	f.StringVar(&s.secret, "secret", "", "`FILE` with the secret that relays share, as coturn's static-auth-secret; a second line is still good (default: made from the identity)")
	f.StringSliceVar(&s.stun, "stun", nil, "`HOST:PORT` of another STUN server to offer")
	f.StringSliceVar(&s.turn, "turn", nil, "`URL` of another relay to offer (turn:HOST:PORT); needs --secret")

	f.StringVar(&s.metrics, "metrics", "", "loopback `ADDRESS` of /metrics and /healthz, for instance 127.0.0.1:9729")
	f.DurationVar(&s.drain, "drain", 2*time.Minute, "how long relayed calls may go on after SIGTERM")
	f.StringVar(&s.logLevel, "log-level", "info", "`LEVEL` of the log: info, debug (with peers and addresses)")
	f.StringVar(&s.logFormat, "log-format", "text", "`FORMAT` of the log on standard error: text, json")
}

// maxConfig bounds the configuration file, in bytes.
const maxConfig = 64 << 10

// applySettings gives the flags that the command line leaves open what the
// environment says, and those left open still what the file does.
func applySettings(flags *pflag.FlagSet, path string) error {
	file, err := readConfig(path)
	if err != nil {
		return err
	}
	for name := range file {
		if f := flags.Lookup(name); f == nil || !settable(f) {
			return &configError{fmt.Errorf("%s: there is no setting %q", path, name), "`prattled --help` lists the settings"}
		}
	}
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Changed || !settable(f) || err != nil {
			return
		}
		key := "PRATTLED_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if v := os.Getenv(key); v != "" {
			if bad := flags.Set(f.Name, v); bad != nil {
				err = &usageError{fmt.Errorf("%s: %q is no %s", key, v, f.Value.Type()), ""}
			}
			return
		}
		err = setFrom(flags, f.Name, file)
	})
	return err
}

func settable(f *pflag.Flag) bool { return f.Name != "config" && f.Name != "help" }

// setFrom sets a flag to what the file says.
func setFrom(flags *pflag.FlagSet, name string, file map[string]any) error {
	v, ok := file[name]
	if !ok {
		return nil
	}
	values := []any{v}
	if list, ok := v.([]any); ok && flags.Lookup(name).Value.Type() == "stringSlice" {
		values = list
	}
	for _, v := range values {
		text, ok := v.(string)
		if !ok {
			return &configError{fmt.Errorf("%s: want a text", name), ""}
		}
		if err := flags.Set(name, text); err != nil {
			return &configError{fmt.Errorf("%s: %q is no %s", name, text, flags.Lookup(name).Value.Type()), ""}
		}
	}
	return nil
}

// readConfig reads the configuration file, if there is to be one. Others must not be
// able to write to it.
func readConfig(path string) (map[string]any, error) {
	if path == "" {
		return nil, nil
	}
	data, err := readFile(path, maxConfig)
	if err != nil {
		return nil, &configError{fmt.Errorf("read the configuration: %w", err), ""}
	}
	return parseConfig(path, data)
}

func parseConfig(path string, data []byte) (map[string]any, error) {
	var file map[string]any
	err := toml.Unmarshal(data, &file)
	var syntax *toml.DecodeError
	if errors.As(err, &syntax) {
		line, column := syntax.Position()
		return nil, &configError{fmt.Errorf("%s:%d:%d: %w", path, line, column, err), ""}
	}
	if err != nil {
		return nil, &configError{fmt.Errorf("%s: %w", path, err), ""}
	}
	return file, nil
}

// readFile reads a file that somebody has named, which so must be there, and to which
// others must not be able to write.
func readFile(path string, limit int64) ([]byte, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	return certs.SharedFile{Path: path, Limit: limit}.Read()
}

// identityPath is where the identity is if nobody says so: where systemd keeps the
// state of a service, or where programs of a user keep theirs.
func (s *settings) identityPath() (string, error) {
	if s.identity != "" {
		return s.identity, nil
	}
	dir := os.Getenv("STATE_DIRECTORY")
	if dir == "" {
		state := os.Getenv("XDG_STATE_HOME")
		if !filepath.IsAbs(state) {
			home, err := os.UserHomeDir()
			if err != nil {
				return "", fmt.Errorf("find the directory for state: %w", err)
			}
			state = filepath.Join(home, ".local", "state")
		}
		dir = filepath.Join(state, "prattled")
	}
	return filepath.Join(dir, "identity.pem"), nil
}

// sharesTLS says that the rendezvous is to be found on the relay's TLS listeners.
func (s *settings) sharesTLS() bool {
	return s.relayTLS != "" && (s.listenTLS == "" || s.listenTLS == s.relayTLS)
}

// check finds what makes no sense before anything is opened.
func (s *settings) check() error {
	relays := s.relay != "" || s.relayTLS != ""
	switch {
	case !slices.Contains([]string{"info", "debug"}, s.logLevel):
		return &usageError{fmt.Errorf("--log-level %s: there is no such level", s.logLevel), "levels: info, debug"}
	case !slices.Contains([]string{"text", "json"}, s.logFormat):
		return &usageError{fmt.Errorf("--log-format %s: there is no such format", s.logFormat), "formats: text, json"}
	case s.relayTLS != "" && (s.tlsCert == "" || s.tlsKey == ""):
		return &usageError{errors.New("--relay-tls without a certificate"), "give it one with --tls-cert FILE --tls-key FILE, for instance from Let's Encrypt"}
	case len(s.turn) > 0 && s.secret == "":
		return &usageError{errors.New("--turn without --secret"), "the relay and prattled must share a secret: coturn's static-auth-secret, in a file"}
	case !relays && len(s.relayIPs) > 0:
		return &usageError{errors.New("--relay-ip without a relay"), "add --relay :3478"}
	case s.drain < 0:
		return &usageError{fmt.Errorf("--drain %v: less than nothing", s.drain), ""}
	case s.metrics != "":
		return checkLoopback(s.metrics)
	}
	return nil
}
