package certs

import (
	"bytes"
	"errors"
)

// Import adds the peers of another list with their marks and addresses, as Add
// does: all of them or, if some contradict this list, none. A key that is known by
// another name keeps the name that it has here. The error joins one for each
// contradiction.
func (k *Known) Import(other *Known) ([]Contact, error) {
	merged, err := ParseKnown(k.Text())
	if err != nil {
		return nil, err
	}
	var conflicts []error
	var added []Contact
	for _, c := range other.Contacts() {
		if l := merged.byID[c.ID]; l != nil {
			c.Name = l.contact.Name
		}
		c, err := merged.Add(c)
		if err != nil {
			conflicts = append(conflicts, err)
		}
		added = append(added, c)
	}
	if len(conflicts) > 0 {
		return nil, errors.Join(conflicts...)
	}
	*k = *merged
	return added, nil
}

// Export returns the file's lines of the named peers, or all lines that have a
// peer if none is named. Its error wraps ErrUnknownPeer.
func (k *Known) Export(names ...string) ([]byte, error) {
	lines := k.lines
	if len(names) > 0 {
		lines = nil
	}
	for _, name := range names {
		l, err := k.find(name)
		if err != nil {
			return nil, err
		}
		lines = append(lines, l)
	}
	var b bytes.Buffer
	for _, l := range lines {
		if l.contact != nil {
			b.WriteString(l.text + "\n")
		}
	}
	return b.Bytes(), nil
}
