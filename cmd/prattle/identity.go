package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/skulltech/prattle/certs"
)

func newIdentityCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "identity",
		Short: "Make and show identity files",
		Long: `An identity file is who you are: a key that nobody else has. Others know you by
your peer ID, which is the public half of it.

The user's own identity is made at first use. Keep a copy of it: without it
nobody can know that you are you. Give it to nobody.`,
	}
	c.AddCommand(newIdentityNewCommand(), newIdentityShowCommand(), newIdentityExportCommand(), newIdentityRotateCommand())
	return c
}

// shownIdentity is what identity commands print with --json.
type shownIdentity struct {
	PeerID      certs.PeerID `json:"peer_id"`
	Succeeds    certs.PeerID `json:"succeeds,omitzero"` // the peer ID that it has taken the place of
	File        string       `json:"file"`
	Old         string       `json:"old_file,omitempty"` // where that one's identity is kept
	Passphrase  bool         `json:"passphrase"`         // the file is protected by one
	Certificate string       `json:"certificate,omitempty"`
}

// identityOutput says how an identity is shown.
type identityOutput struct{ json, qr bool }

func (o *identityOutput) register(c *cobra.Command) {
	c.Flags().BoolVar(&o.json, "json", false, "print JSON")
	c.Flags().BoolVar(&o.qr, "qr", false, "show the peer ID as a QR code too")
}

func (o *identityOutput) print(w io.Writer, s shownIdentity) error {
	if o.json {
		return json.NewEncoder(w).Encode(s)
	}
	if o.qr {
		if err := printQR(w, s.PeerID.String()); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w, s.PeerID)
	return err
}

func newIdentityNewCommand() *cobra.Command {
	var protect bool
	var output identityOutput
	c := &cobra.Command{
		Use:   "new [FILE]",
		Short: "Make an identity file and print its peer ID",
		Long: `Make an identity file and print its peer ID. Without FILE, it becomes the user's
own. A file that exists is never replaced.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			path, err := newIdentityPath(args)
			if err != nil {
				return err
			}
			var passphrase []byte
			if protect {
				if passphrase, err = newPassphrase(c.InOrStdin(), c.ErrOrStderr()); err != nil {
					return err
				}
			}
			id, err := certs.Create(path, passphrase)
			if err != nil {
				return explainCreate(err, path)
			}
			fmt.Fprintf(c.ErrOrStderr(), "prattle: wrote %s\n", path)
			return output.print(c.OutOrStdout(), shownIdentity{PeerID: id.ID(), File: path, Passphrase: protect})
		},
	}
	c.Flags().BoolVar(&protect, "passphrase", false, "protect the file by a passphrase, asked for at each use")
	output.register(c)
	return c
}

// newIdentityPath returns the file to make. It makes the directory of the user's
// own files, but none that was named: that could be a slip.
func newIdentityPath(args []string) (string, error) {
	if len(args) > 0 {
		return args[0], nil
	}
	path, err := identityPath()
	if err != nil {
		return "", err
	}
	return path, os.MkdirAll(filepath.Dir(path), 0o700)
}

func explainCreate(err error, path string) error {
	if errors.Is(err, fs.ErrExist) {
		return &hinted{err, "it is kept as it is; `prattle identity show --identity " + shellQuote(path) + "` shows whose it is"}
	}
	return err
}

func newIdentityShowCommand() *cobra.Command {
	var path string
	var output identityOutput
	c := &cobra.Command{
		Use:   "show",
		Short: "Print the peer ID of an identity file",
		Example: `  prattle identity show
  prattle identity show --qr
  prattle identity show --identity work.pem --json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			public, path, err := loadPublic(path)
			if err != nil {
				return err
			}
			return output.print(c.OutOrStdout(), shown(public, path))
		},
	}
	registerIdentityFlag(c, &path)
	output.register(c)
	return c
}

func shown(public certs.Public, path string) shownIdentity {
	return shownIdentity{PeerID: public.ID, Succeeds: public.Succeeds, File: path, Passphrase: public.Encrypted}
}

func newIdentityExportCommand() *cobra.Command {
	var path string
	var output identityOutput
	c := &cobra.Command{
		Use:   "export",
		Short: "Print the certificate of an identity file, which is no secret",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			public, path, err := loadPublic(path)
			if err != nil {
				return err
			}
			if output.json {
				s := shown(public, path)
				s.Certificate = string(public.Certificate)
				return output.print(c.OutOrStdout(), s)
			}
			if output.qr {
				if err := printQR(c.OutOrStdout(), public.ID.String()); err != nil {
					return err
				}
			}
			_, err = c.OutOrStdout().Write(public.Certificate)
			return err
		},
	}
	registerIdentityFlag(c, &path)
	output.register(c)
	return c
}

func newIdentityRotateCommand() *cobra.Command {
	var path string
	var output identityOutput
	c := &cobra.Command{
		Use:   "rotate",
		Short: "Put a new key in the place of an identity, which the old one introduces",
		Long: `Put a new key, and so a new peer ID, in the place of an identity. The old identity is
kept beside it. It signs that the new one takes its place: whoever has you in their
contacts is told so when you call, or when they call you, and takes the new key with
"prattle contacts add NAME PEERID --replace" or, in the call, with "/save NAME".

The new identity shows the old peer ID to everybody whom you call. If you do not want
that, make one with "prattle identity new". And do not rely on the signature if
somebody may have stolen the old key: they could sign as well. Tell your contacts.`,
		Example: `  prattle identity rotate
  prattle identity rotate --identity work.pem --json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			path, remedy, err := namedIdentity(path)
			if err != nil {
				return err
			}
			id, kept, err := certs.Rotate(path, askPassphrase)
			if err != nil {
				return explainIdentity(err, remedy)
			}
			public, err := certs.LoadPublic(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.ErrOrStderr(), "prattle: wrote %s\nprattle: kept the old identity, %s, in %s\n", path, id.Succeeds(), kept)
			s := shown(public, path)
			s.Old = kept
			return output.print(c.OutOrStdout(), s)
		},
	}
	registerIdentityFlag(c, &path)
	output.register(c)
	return c
}

func registerIdentityFlag(c *cobra.Command, path *string) {
	c.Flags().StringVar(path, "identity", "", "identity `FILE` (default: $PRATTLE_IDENTITY, or the user's own)")
}

// loadPublic reads the public part of the file at path, or of the user's own.
func loadPublic(path string) (certs.Public, string, error) {
	path, remedy, err := namedIdentity(path)
	if err != nil {
		return certs.Public{}, "", err
	}
	public, err := certs.LoadPublic(path)
	return public, path, explainIdentity(err, remedy)
}

// namedIdentity returns the file at path, or the user's own if path is empty, and
// the command that makes it.
func namedIdentity(path string) (file, remedy string, err error) {
	if path != "" {
		return path, "prattle identity new " + shellQuote(path), nil
	}
	path, err = identityPath()
	return path, "prattle identity new", err
}

func explainIdentity(err error, remedy string) error {
	if errors.Is(err, fs.ErrNotExist) {
		return &hinted{err, "`" + remedy + "` makes one"}
	}
	return err
}
