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

// SharedFile is a small private file that several processes read and change. It
// is safe for concurrent use.
type SharedFile struct {
	Path  string
	Limit int64 // bytes
}

// Read returns what the file holds; nothing if there is none. Its errors wrap
// *ExposedError (others can write to the file), *OwnerError, ErrNotRegular or
// ErrTooLarge.
func (f SharedFile) Read() ([]byte, error) {
	data, err := readFile(f.Path, f.Limit, trustBits)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

// Update changes what the file holds: wholly or, if edit fails, not at all.
// Changes that other processes make at the same time are kept: edit may be called
// more than once, each time with what the file then holds. Its error is returned
// as it is; others are those of Read, or wrap ErrFileBusy. A file that edit leaves
// as it was is not written.
func (f SharedFile) Update(edit func(before []byte) (after []byte, err error)) error {
	path, err := f.target()
	if err != nil {
		return err
	}
	unlock, err := lockFile(path + ".lock")
	if err != nil {
		return err
	}
	defer unlock()
	for range maxRewrites {
		if done, err := f.rewrite(path, edit); done || err != nil {
			return err
		}
	}
	return fmt.Errorf("%s: %w", f.Path, ErrFileBusy)
}

// rewrite is one attempt at Update, under the lock. It is not done if the file
// changed meanwhile, as an editor, which knows nothing of our lock, may do.
func (f SharedFile) rewrite(path string, edit func([]byte) ([]byte, error)) (done bool, err error) {
	before, err := f.Read()
	if err != nil {
		return false, err
	}
	after, err := edit(before)
	if err != nil {
		return false, err
	}
	if bytes.Equal(after, before) {
		return true, nil
	}
	if int64(len(after)) > f.Limit {
		return false, fmt.Errorf("%s: %w: more than %d bytes", f.Path, ErrTooLarge, f.Limit)
	}
	if now, err := f.Read(); err != nil || !bytes.Equal(now, before) {
		return false, err
	}
	return true, replaceFile(path, after)
}

// target returns the path to write to: where a symbolic link leads, so that it is
// not replaced by a file. It makes the directories on the way.
func (f SharedFile) target() (string, error) {
	if err := os.MkdirAll(filepath.Dir(f.Path), privateDir); err != nil {
		return "", err
	}
	path, err := filepath.EvalSymlinks(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return f.Path, nil
	}
	return path, err
}
