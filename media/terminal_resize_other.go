//go:build !unix

package media

import "os"

// notifyResize returns a channel that never tells: the size is seen at the next picture.
func notifyResize() chan os.Signal { return nil }

func stopResize(chan os.Signal) {}
