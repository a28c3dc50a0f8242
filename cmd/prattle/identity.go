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
	c.AddCommand(newIdentityNewCommand(), newIdentityShowCommand(), newIdentityExportCommand())
	return c
}

// shownIdentity is what identity commands print with --json.
type shownIdentity struct {
	PeerID     certs.PeerID `json:"peer_id"`
	File       string       `json:"file"`
	Passphrase bool         `json:"passphrase"` // the file is protected by one
}

func (s shownIdentity) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(s)
	}
	_, err := fmt.Fprintln(w, s.PeerID)
	return err
}

func newIdentityNewCommand() *cobra.Command {
	var protect, asJSON bool
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
			return shownIdentity{id.ID(), path, protect}.print(c.OutOrStdout(), asJSON)
		},
	}
	c.Flags().BoolVar(&protect, "passphrase", false, "protect the file by a passphrase, asked for at each use")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
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
	var asJSON bool
	c := &cobra.Command{
		Use:   "show",
		Short: "Print the peer ID of an identity file",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			public, path, err := loadPublic(path)
			if err != nil {
				return err
			}
			return shownIdentity{public.ID, path, public.Encrypted}.print(c.OutOrStdout(), asJSON)
		},
	}
	registerIdentityFlag(c, &path)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func newIdentityExportCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use:   "export",
		Short: "Print the certificate of an identity file, which is no secret",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			public, _, err := loadPublic(path)
			if err != nil {
				return err
			}
			_, err = c.OutOrStdout().Write(public.Certificate)
			return err
		},
	}
	registerIdentityFlag(c, &path)
	return c
}

func registerIdentityFlag(c *cobra.Command, path *string) {
	c.Flags().StringVar(path, "identity", "", "identity `FILE` (default: $PRATTLE_IDENTITY, or the user's own)")
}

// loadPublic reads the public part of the file at path, or of the user's own.
func loadPublic(path string) (certs.Public, string, error) {
	remedy := "prattle identity new"
	if path == "" {
		var err error
		if path, err = identityPath(); err != nil {
			return certs.Public{}, "", err
		}
	} else {
		remedy += " " + shellQuote(path)
	}
	public, err := certs.LoadPublic(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = &hinted{err, "`" + remedy + "` makes one"}
	}
	return public, path, err
}
