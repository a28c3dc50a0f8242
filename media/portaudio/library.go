//go:build cgo && unix

package portaudio

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/gordonklaus/portaudio"

	"github.com/skulltech/prattle/media"
)

// library counts the users of PortAudio, which is one per process and allows
// neither its opening nor its closing calls to overlap. It is initialised by the
// first user, so that programs that make no sound start at once, and terminated
// by the last, so that the next finds devices plugged in meanwhile.
var library struct {
	sync.Mutex
	users int
}

// init speaks to libraries that read the environment when PortAudio comes up. It
// does so here because changing the environment later races with C threads.
func init() {
	for name, value := range map[string]string{
		"JACK_NO_START_SERVER": "1", // asking for JACK's devices must not start a server
		"PA_ALSA_PLUGHW":       "1", // let ALSA convert what a card cannot do itself
	} {
		if _, ok := os.LookupEnv(name); !ok {
			os.Setenv(name, value)
		}
	}
}

// errHangs is returned in place of a result that does not come.
var errHangs = errors.New("the sound system does not answer")

// exclusively runs f while nobody else uses the library, and returns its error;
// or errHangs if that takes longer than limit. Then f still runs to its end, for
// nothing can stop it, and whoever uses the library next waits for that.
func exclusively(limit time.Duration, f func() error) error {
	done := make(chan error, 1)
	go func() {
		library.Lock()
		defer library.Unlock()
		done <- f()
	}()
	select {
	case err := <-done:
		return err
	case <-time.After(limit):
		return errHangs
	}
}

// acquire readies the library for one more user. The caller holds the lock.
func acquire() error {
	if library.users == 0 {
		silence()
		if err := portaudio.Initialize(); err != nil {
			return fmt.Errorf("%w: initialize PortAudio: %w", media.ErrNoDevice, err)
		}
	}
	library.users++
	return nil
}

// release undoes one acquire. The caller holds the lock.
func release() {
	library.users--
	if library.users == 0 {
		portaudio.Terminate()
	}
}

// deviceError makes err one that the program can tell: the device is not there,
// or it is but not for us.
func deviceError(err error) error {
	switch err {
	case nil:
		return nil
	case portaudio.DeviceUnavailable:
		return fmt.Errorf("%w: %w", media.ErrDeviceBusy, err)
	case portaudio.NoDefaultInputDevice, portaudio.NoDefaultOutputDevice, portaudio.InvalidDevice:
		return fmt.Errorf("%w: %w", media.ErrNoDevice, err)
	}
	var host portaudio.UnanticipatedHostError
	if !errors.As(err, &host) || host.HostApiType != portaudio.ALSA {
		return err
	}
	switch syscall.Errno(-host.Code) {
	case syscall.EBUSY, syscall.EACCES, syscall.EPERM:
		return fmt.Errorf("%w: %w", media.ErrDeviceBusy, err)
	case syscall.ENOENT, syscall.ENODEV, syscall.ENXIO, syscall.ECONNREFUSED:
		return fmt.Errorf("%w: %w", media.ErrNoDevice, err)
	}
	return err
}
