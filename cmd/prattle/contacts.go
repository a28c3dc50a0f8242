package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/skulltech/prattle/certs"
)

// contactFlags are common to the contacts commands.
type contactFlags struct {
	file string
	json bool
}

func newContactsCommand() *cobra.Command {
	var f contactFlags
	c := &cobra.Command{
		Use:   "contacts",
		Short: "Keep the list of people you know",
		Long: `Keep the list of people you know, each name pinned to a peer ID. If somebody else
answers under that name, the call does not take place.

The list is a text file, which you may also edit: one line for each contact,
  NAME PEERID [verified] [blocked] [at=HOST:PORT]...`,
	}
	c.PersistentFlags().StringVar(&f.file, "known-peers", "", "contacts `FILE` (default: the user's own)")
	c.PersistentFlags().BoolVar(&f.json, "json", false, "print JSON")
	c.AddCommand(
		newContactsListCommand(&f),
		newContactsAddCommand(&f),
		newContactsRenameCommand(&f),
		newContactsRemoveCommand(&f),
		newContactsVerifyCommand(&f),
		newContactsBlockCommand(&f),
		newContactsUnblockCommand(&f),
		newContactsExportCommand(&f),
		newContactsImportCommand(&f),
	)
	return c
}

func newContactsListCommand(f *contactFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the contacts",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			known, err := f.load()
			if err != nil {
				return err
			}
			return f.print(c.OutOrStdout(), known.Contacts())
		},
	}
}

func newContactsAddCommand(f *contactFlags) *cobra.Command {
	var contact certs.Contact
	var servers []string
	var replace bool
	c := &cobra.Command{
		Use:   "add NAME PEERID",
		Short: "Add a contact, or more addresses of one",
		Long: `Add a contact, or more addresses of one. A name that belongs to another peer ID
keeps it, unless --replace says that this person has made a new identity. Ask them
by a way that you trust first: a new key is also what somebody else would show.`,
		Example: `  prattle contacts add alice 25njqam-cweflpv-kl73j4s-zahhiho-c4xt3kt-cgjnpai-ngr5yhk-engd74r
  prattle contacts add alice 25njqam-…-engd74r --at alice.example:7728
  prattle contacts add alice 3gd7lbj-…-q4kmtfy --replace`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) (err error) {
			contact.Name = args[0]
			if contact.ID, err = parsePeerIDArg(args[1]); err != nil {
				return err
			}
			if contact.Servers, err = parseServers(servers); err != nil {
				return usage("", "--via: %w", err)
			}
			return f.change(c, func(k *certs.Known) (certs.Contact, error) { return addContact(k, contact, replace) })
		},
	}
	c.Flags().StringArrayVar(&contact.Addrs, "at", nil, "`HOST:PORT` where to call; may be repeated")
	c.Flags().StringArrayVar(&servers, "via", nil, "`[PEERID@]HOST[:PORT]` of a rendezvous (prattled) where to ask for them; may be repeated")
	c.Flags().BoolVar(&contact.Verified, "verified", false, "you have compared peer IDs with this person")
	c.Flags().BoolVar(&replace, "replace", false, "the person has a new peer ID")
	return f.onName(c)
}

// addContact adds a contact, or gives it another key first if that is wanted.
func addContact(k *certs.Known, contact certs.Contact, replace bool) (certs.Contact, error) {
	if _, err := k.ByName(contact.Name); replace && err == nil {
		if _, err := k.Repin(contact.Name, contact.ID); err != nil {
			return certs.Contact{}, err
		}
	}
	return k.Add(contact)
}

func newContactsRenameCommand(f *contactFlags) *cobra.Command {
	return f.onName(&cobra.Command{
		Use:   "rename NAME NEW",
		Short: "Give a contact another name",
		Args:  cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			return f.change(c, func(k *certs.Known) (certs.Contact, error) { return k.Rename(args[0], args[1]) })
		},
	})
}

func newContactsRemoveCommand(f *contactFlags) *cobra.Command {
	return f.onName(&cobra.Command{
		Use:   "remove NAME",
		Short: "Forget a contact",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return f.change(c, func(k *certs.Known) (certs.Contact, error) { return k.Remove(args[0]) })
		},
	})
}

func newContactsVerifyCommand(f *contactFlags) *cobra.Command {
	return f.onName(&cobra.Command{
		Use:   "verify NAME [PEERID]",
		Short: "Note that you have compared peer IDs with a contact",
		Long: `Note that you have compared peer IDs with a contact, in person or by another way
that nobody can tamper with. With PEERID, as the contact has told it, prattle
compares.`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			var told certs.PeerID
			if len(args) == 2 {
				var err error
				if told, err = parsePeerIDArg(args[1]); err != nil {
					return err
				}
			}
			return f.change(c, func(k *certs.Known) (certs.Contact, error) { return verifyContact(k, args[0], told) })
		},
	})
}

func verifyContact(k *certs.Known, name string, told certs.PeerID) (certs.Contact, error) {
	contact, err := k.ByName(name)
	if err != nil {
		return contact, err
	}
	if !told.IsZero() && told != contact.ID {
		return contact, &certs.KeyMismatchError{Name: contact.Name, Want: contact.ID, Got: told}
	}
	return k.SetVerified(name, true)
}

func newContactsBlockCommand(f *contactFlags) *cobra.Command {
	return f.onName(&cobra.Command{
		Use:   "block NAME|PEERID",
		Short: "Let nothing through from somebody, known or not",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return f.change(c, func(k *certs.Known) (certs.Contact, error) { return blockPeer(k, args[0]) })
		},
	})
}

// blockPeer blocks a contact, or a stranger under a name made of the peer ID.
func blockPeer(k *certs.Known, who string) (certs.Contact, error) {
	id, err := certs.ParsePeerID(who)
	if err != nil {
		return k.SetBlocked(who, true)
	}
	if c, err := k.ByID(id); err == nil {
		return k.SetBlocked(c.Name, true)
	}
	groups := strings.Split(id.String(), "-")
	return k.Add(certs.Contact{Name: strings.Join([]string{"blocked", groups[0], groups[1]}, "-"), ID: id, Blocked: true})
}

func newContactsUnblockCommand(f *contactFlags) *cobra.Command {
	return f.onName(&cobra.Command{
		Use:   "unblock NAME|PEERID",
		Short: "Let somebody reach you again",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return f.change(c, func(k *certs.Known) (certs.Contact, error) {
				name := args[0]
				if id, err := certs.ParsePeerID(name); err == nil {
					contact, err := k.ByID(id)
					if err != nil {
						return contact, err
					}
					name = contact.Name
				}
				return k.SetBlocked(name, false)
			})
		},
	})
}

func (f *contactFlags) open() (certs.KnownFile, error) {
	if f.file != "" {
		return certs.KnownFile{Path: f.file}, nil
	}
	path, err := knownPeersPath()
	return certs.KnownFile{Path: path}, err
}

// load reads the file.
func (f *contactFlags) load() (*certs.Known, error) {
	file, err := f.open()
	if err != nil {
		return nil, err
	}
	return file.Load()
}

// change edits the file and prints the contact as it is, or was before it was
// removed.
func (f *contactFlags) change(c *cobra.Command, edit func(*certs.Known) (certs.Contact, error)) error {
	file, err := f.open()
	if err != nil {
		return err
	}
	var contact certs.Contact
	err = file.Update(func(k *certs.Known) (err error) {
		contact, err = edit(k)
		return err
	})
	if err != nil {
		return explainContact(err)
	}
	if f.json {
		return json.NewEncoder(c.OutOrStdout()).Encode(contact)
	}
	return f.print(c.OutOrStdout(), []certs.Contact{contact})
}

func (f *contactFlags) print(w io.Writer, contacts []certs.Contact) error {
	if f.json {
		return json.NewEncoder(w).Encode(append([]certs.Contact{}, contacts...)) // [] and not null
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range contacts {
		row := c.Name + "\t" + c.ID.String()
		if words := marks(c); len(words) > 0 {
			row += "\t" + strings.Join(words, " ")
		}
		fmt.Fprintln(table, row)
	}
	return table.Flush()
}

// marks are the words that the file has after name and peer ID.
func marks(c certs.Contact) []string {
	var words []string
	if c.Verified {
		words = append(words, "verified")
	}
	if c.Blocked {
		words = append(words, "blocked")
	}
	for _, addr := range c.Addrs {
		words = append(words, "at="+addr)
	}
	for _, server := range c.Servers {
		words = append(words, "via="+server.String())
	}
	return words
}

// onName completes the names of contacts for a command's first argument.
func (f *contactFlags) onName(c *cobra.Command) *cobra.Command {
	completeContacts(c, &f.file)
	return c
}

func parsePeerIDArg(s string) (certs.PeerID, error) {
	id, err := certs.ParsePeerID(s)
	if err != nil {
		return id, usage("a peer ID has 56 letters and digits; `prattle identity show` prints it on the other side", "%w", err)
	}
	return id, nil
}

// explainContact adds what to do to an error of a change of contacts.
func explainContact(err error) error {
	var mismatch *certs.KeyMismatchError
	switch {
	case errors.As(err, &mismatch):
		return &hinted{err, fmt.Sprintf("ask %[1]s by another way which is right; `prattle contacts add %[1]s %[2]s --replace` takes the new one", mismatch.Name, mismatch.Got)}
	case errors.Is(err, certs.ErrKeyTaken):
		return &hinted{err, "`prattle contacts rename` changes a name"}
	case errors.Is(err, certs.ErrBadName), errors.Is(err, certs.ErrBadAddr):
		return usage("", "%w", err)
	}
	return err
}
