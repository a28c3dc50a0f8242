//go:build !linux

package main

// maxrssPerMB is the unit of Rusage.Maxrss: bytes on macOS.
const maxrssPerMB = 1024 * 1024
