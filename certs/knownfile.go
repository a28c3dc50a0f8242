package certs

import (
	"bytes"
	"fmt"
)

// KnownFile keeps a list of known peers on disk. It is safe for concurrent use,
// by many processes too.
type KnownFile struct {
	Path string
}

// Load reads the file; without one the list is empty. Its errors wrap
// *SyntaxError, *ExposedError (others can write to the file), *OwnerError,
// ErrNotRegular or ErrTooLarge.
func (f KnownFile) Load() (*Known, error) {
	text, err := f.shared().Read()
	if err != nil {
		return nil, fmt.Errorf("read known peers: %w", err)
	}
	return f.parse(text)
}

// Update changes the file by what edit does to the list, as SharedFile.Update
// does. edit may be called more than once, each time with the list as it then is.
// Its error is returned as it is; others are those of Load, or wrap ErrFileBusy.
func (f KnownFile) Update(edit func(*Known) error) error {
	var failed error // of edit or of what the file holds: not ours to explain
	err := f.shared().Update(func(before []byte) (after []byte, err error) {
		after, failed = f.edit(before, edit)
		return after, failed
	})
	if err == nil || failed != nil {
		return err
	}
	return fmt.Errorf("known peers: %w", err)
}

func (f KnownFile) edit(before []byte, edit func(*Known) error) (after []byte, err error) {
	known, err := f.parse(before)
	if err != nil {
		return nil, err
	}
	if len(known.lines) == 0 {
		known.lines = headerLines()
	}
	unchanged := known.Text()
	if err := edit(known); err != nil {
		return nil, err
	}
	if after = known.Text(); bytes.Equal(after, unchanged) {
		return before, nil
	}
	return after, nil
}

func (f KnownFile) parse(text []byte) (*Known, error) {
	known, err := ParseKnown(text)
	if err != nil {
		return nil, fmt.Errorf("known peers %s: %w", f.Path, err)
	}
	return known, nil
}

func (f KnownFile) shared() SharedFile { return SharedFile{Path: f.Path, Limit: maxKnownSize} }
