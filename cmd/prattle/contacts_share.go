package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/skulltech/prattle/certs"
)

func newContactsExportCommand(f *contactFlags) *cobra.Command {
	return f.onName(&cobra.Command{
		Use:   "export [NAME]...",
		Short: "Print contacts for `prattle contacts import`",
		Long: `Print contacts, all or those named, in the form of the contacts file: with addresses,
marks and what you have noted beside them.`,
		Example: `  prattle contacts export > contacts.txt
  prattle contacts export alice bob | ssh laptop prattle contacts import -`,
		RunE: func(c *cobra.Command, names []string) error {
			known, err := f.load()
			if err != nil {
				return err
			}
			text, err := known.Export(names...)
			if err != nil {
				return err
			}
			if f.json {
				exported, err := certs.ParseKnown(text)
				if err != nil {
					return err
				}
				return f.print(c.OutOrStdout(), exported.Contacts())
			}
			_, err = c.OutOrStdout().Write(text)
			return err
		},
	})
}

func newContactsImportCommand(f *contactFlags) *cobra.Command {
	var unverified bool
	c := &cobra.Command{
		Use:   "import FILE",
		Short: "Add contacts that `prattle contacts export` has printed",
		Long: `Add contacts that "prattle contacts export" has printed; "-" reads standard input.
Either all are added or, if one contradicts a contact of yours, none. A peer ID that
you know by another name keeps your name.

The mark "verified" is taken over too. For a list that is not your own, leave it
away with --unverified: it was not you who has compared.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			text, err := readImport(args[0], c.InOrStdin())
			if err != nil {
				return err
			}
			other, err := certs.ParseKnown(text)
			if err != nil {
				return fmt.Errorf("import %s: %w", args[0], err)
			}
			return f.importAll(c, other, unverified)
		},
	}
	c.Flags().BoolVar(&unverified, "unverified", false, "leave the mark \"verified\" away")
	return c
}

// maxImport bounds a list of contacts that is imported, in bytes.
const maxImport = 1 << 20

func readImport(name string, in io.Reader) ([]byte, error) {
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		in = file
	}
	text, err := io.ReadAll(io.LimitReader(in, maxImport+1))
	if err != nil {
		return nil, fmt.Errorf("import %s: %w", name, err)
	}
	return text, nil
}

// importAll adds the contacts of another list and prints them as they are now.
func (f *contactFlags) importAll(c *cobra.Command, other *certs.Known, unverified bool) error {
	if unverified {
		for _, contact := range other.Contacts() {
			if _, err := other.SetVerified(contact.Name, false); err != nil {
				return err
			}
		}
	}
	file, err := f.open()
	if err != nil {
		return err
	}
	var added []certs.Contact
	err = file.Update(func(k *certs.Known) (err error) {
		added, err = k.Import(other)
		return err
	})
	if err != nil {
		return explainContact(err)
	}
	return f.print(c.OutOrStdout(), added)
}
