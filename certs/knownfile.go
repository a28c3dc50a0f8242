package certs

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrFileBusy is wrapped when somebody else keeps changing a file or holds its
// lock for longer than any program should.
var ErrFileBusy = errors.New("file is in use by another program")

// maxRewrites bounds how often Update starts again because the file has changed
// under it. Only people with editors do that, and not twice in a millisecond.
const maxRewrites = 3

// KnownFile keeps a list of known peers on disk. It is safe for concurrent use,
// by many processes too.
type KnownFile struct {
	Path string
}

// Load reads the file; without one the list is empty. Its errors wrap
// *SyntaxError, *ExposedError (others can write to the file), *OwnerError,
// ErrNotRegular or ErrTooLarge.
func (f KnownFile) Load() (*Known, error) {
	text, err := f.read()
	if err != nil {
		return nil, err
	}
	return f.parse(text)
}

// Update changes the file by what edit does to the list: wholly or, if edit
// fails, not at all. Changes that other processes make at the same time are kept.
// edit may be called more than once, each time with the list as it then is. Its
// error is returned as it is; others are those of Load, or wrap ErrFileBusy.
func (f KnownFile) Update(edit func(*Known) error) error {
	path, err := f.target()
	if err != nil {
		return fmt.Errorf("known peers: %w", err)
	}
	unlock, err := lockFile(path + ".lock")
	if err != nil {
		return fmt.Errorf("known peers: %w", err)
	}
	defer unlock()
	for range maxRewrites {
		if done, err := f.rewrite(path, edit); done || err != nil {
			return err
		}
	}
	return fmt.Errorf("known peers %s: %w", f.Path, ErrFileBusy)
}

// rewrite is one attempt at Update, under the lock. It is not done if the file
// changed meanwhile, as an editor, which knows nothing of our lock, may do.
func (f KnownFile) rewrite(path string, edit func(*Known) error) (done bool, err error) {
	before, err := f.read()
	if err != nil {
		return false, err
	}
	known, err := f.parse(before)
	if err != nil {
		return false, err
	}
	if len(known.lines) == 0 {
		known.lines = headerLines()
	}
	unchanged := known.Text()
	if err := edit(known); err != nil {
		return false, err
	}
	after := known.Text()
	if len(after) > maxKnownSize {
		return false, fmt.Errorf("known peers %s: %w: more than %d bytes", f.Path, ErrTooLarge, maxKnownSize)
	}
	if bytes.Equal(after, unchanged) {
		return true, nil
	}
	if now, err := f.read(); err != nil || !bytes.Equal(now, before) {
		return false, err
	}
	if err := replaceFile(path, after); err != nil {
		return false, fmt.Errorf("write known peers: %w", err)
	}
	return true, nil
}

func (f KnownFile) read() ([]byte, error) {
	text, err := readFile(f.Path, maxKnownSize, trustBits)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read known peers: %w", err)
	}
	return text, nil
}

func (f KnownFile) parse(text []byte) (*Known, error) {
	known, err := ParseKnown(text)
	if err != nil {
		return nil, fmt.Errorf("known peers %s: %w", f.Path, err)
	}
	return known, nil
}

// target returns the path to write to: where a symbolic link leads, so that it is
// not replaced by a file. It makes the directories on the way.
func (f KnownFile) target() (string, error) {
	if err := os.MkdirAll(filepath.Dir(f.Path), privateDir); err != nil {
		return "", err
	}
	path, err := filepath.EvalSymlinks(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return f.Path, nil
	}
	return path, err
}
