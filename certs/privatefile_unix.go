//go:build unix

package certs

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// openNonblock keeps the opening of a FIFO from waiting for a writer.
const openNonblock = syscall.O_NONBLOCK

// checkOwner refuses a file that belongs to somebody else, if any right matters.
// Root, who could do anything, may own files for others, such as those of a CA.
func checkOwner(path string, info fs.FileInfo, forbidden fs.FileMode) error {
	if forbidden == noBits {
		return nil
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if ok && stat.Uid != 0 && int(stat.Uid) != os.Geteuid() {
		return &OwnerError{Path: path, UID: int(stat.Uid)}
	}
	return nil
}

// checkMode refuses a file on which others have one of the forbidden rights.
func checkMode(path string, info fs.FileInfo, forbidden fs.FileMode) error {
	mode := info.Mode().Perm()
	switch {
	case mode&forbidden&^trustBits != 0:
		return &ExposedError{Path: path, Mode: mode, What: "read"}
	case mode&forbidden != 0:
		return &ExposedError{Path: path, Mode: mode, What: "change"}
	}
	return nil
}

// syncDir makes the names in a directory survive a power cut.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return err // those two: a file system that cannot, such as some network shares
	}
	return nil
}
