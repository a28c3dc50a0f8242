package certs

import (
	"fmt"
	"os"
	"time"
)

const (
	lockPatience = 5 * time.Second       // who holds the lock rewrites one small file
	lockPause    = 10 * time.Millisecond // between two attempts
)

// lockFile takes the exclusive lock that the file at path stands for. The file
// stays: to remove it would let two processes lock two files of the same name.
// The system releases the lock of a process that dies.
func lockFile(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, privateMode)
	if err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(lockPatience); ; time.Sleep(lockPause) {
		ok, err := tryLock(f)
		if ok {
			return func() { f.Close() }, nil
		}
		if err != nil || time.Now().After(deadline) {
			f.Close()
			if err == nil {
				err = ErrFileBusy
			}
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
	}
}
