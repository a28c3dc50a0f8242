//go:build !unix

package certs

import "io/fs"

const openNonblock = 0

// checkOwner and checkMode leave privacy to the access control list that a file inherits from
// its directory: in a user's profile, that user, SYSTEM and administrators. The
// permission bits that Go shows for such a file say nothing about others.
func checkOwner(string, fs.FileInfo, fs.FileMode) error { return nil }

func checkMode(string, fs.FileInfo, fs.FileMode) error { return nil }

// syncDir has nothing to do: the file system journals names by itself.
func syncDir(string) error { return nil }
