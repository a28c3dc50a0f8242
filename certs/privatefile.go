package certs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Errors of files that must be private to their owner.
var (
	ErrNotRegular = errors.New("not a regular file")
	ErrTooLarge   = errors.New("file is too large")
)

// ExposedError says that others than its owner may read a file with secrets, or
// change a file that decides whom we trust. The cure is chmod 600.
type ExposedError struct {
	Path string
	Mode fs.FileMode // permission bits as found
	What string      // what others may do: "read" or "change"
}

func (e *ExposedError) Error() string {
	return fmt.Sprintf("others can %s %s (mode %04o)", e.What, e.Path, e.Mode)
}

// OwnerError says that a private file belongs to another user, who could have
// made it and can change it at any time.
type OwnerError struct {
	Path string
	UID  int // its owner
}

func (e *OwnerError) Error() string {
	return fmt.Sprintf("%s belongs to another user (uid %d)", e.Path, e.UID)
}

// Rights that others than the owner must not have on a file.
const (
	secretBits fs.FileMode = 0o077 // any: the file holds a key
	trustBits  fs.FileMode = 0o022 // writing: the file says whom to trust
	noBits     fs.FileMode = 0     // none matter: the file is public and vouched for by its content
)

const (
	privateMode fs.FileMode = 0o600
	privateDir  fs.FileMode = 0o700
)

// readFile reads a regular file of at most limit bytes on which others have none
// of the forbidden rights. What it checks is what it reads: the open file, not
// whatever the path may name a moment later. With an *ExposedError it returns the
// data nevertheless, to find out what has been exposed.
func readFile(path string, limit int64, forbidden fs.FileMode) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|openNonblock, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w", path, ErrNotRegular)
	}
	if err := checkOwner(path, info, forbidden); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s: %w: more than %d bytes", path, ErrTooLarge, limit)
	}
	return data, checkMode(path, info, forbidden)
}

// createFile makes a private file that did not exist: wholly, or not at all.
// Its error wraps fs.ErrExist if something of that name is there, which it
// leaves alone, even when it appears at the same moment.
func createFile(path string, data []byte) error {
	if _, err := os.Lstat(path); err == nil {
		return &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
	}
	temp, err := writeTemp(path, data)
	if err != nil {
		return err
	}
	defer os.Remove(temp)
	switch err := os.Link(temp, path); {
	case err == nil:
		return syncDir(filepath.Dir(path))
	case errors.Is(err, fs.ErrExist):
		return &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
	}
	return createInPlace(path, data)
}

// createInPlace is createFile for file systems without hard links (FAT, some
// network shares): still exclusive, but a crash may leave half a file.
func createInPlace(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, privateMode)
	if err != nil {
		return err
	}
	if err := fill(f, data); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return syncDir(filepath.Dir(path))
}

// replaceFile puts a private file in the place of path, wholly or not at all.
func replaceFile(path string, data []byte) error {
	temp, err := writeTemp(path, data)
	if err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	return syncDir(filepath.Dir(path))
}

// writeTemp writes a new private file beside path and returns its name.
func writeTemp(path string, data []byte) (string, error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return "", err
	}
	if err := fill(f, data); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// fill writes data to disk and closes f. The mode is set and not left to the
// umask, which can also take away the owner's own rights.
func fill(f *os.File, data []byte) error {
	err := f.Chmod(privateMode)
	if err == nil {
		_, err = io.Copy(f, bytes.NewReader(data))
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// ReadSecret reads a file of at most limit bytes that holds a secret, such as a
// passphrase. Its errors wrap fs.ErrNotExist, *ExposedError, *OwnerError,
// ErrNotRegular or ErrTooLarge.
func ReadSecret(path string, limit int64) ([]byte, error) { return readFile(path, limit, secretBits) }
