package media

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// kernelAlarm is a timer of the kernel that Go's network poller watches. Devices
// that wake up some hundred times a second are worth it: a timer of Go is up to a
// millisecond late, as the poller counts in milliseconds, and takes four changes of
// thread to make up for that; this one is a tenth of a millisecond late and takes
// one. A call without pictures needs a third less of a processor with it.
type kernelAlarm struct {
	file *os.File
	conn syscall.RawConn
}

// newAlarm makes a kernelAlarm, or the alarm of Go's timers where there is none.
func newAlarm() alarm {
	if virtualTime() {
		return newTimerAlarm()
	}
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return newTimerAlarm()
	}
	file := os.NewFile(uintptr(fd), "timer")
	conn, err := file.SyscallConn()
	if err != nil {
		file.Close()
		return newTimerAlarm()
	}
	return &kernelAlarm{file, conn}
}

// virtualTime says whether Go's time is not the kernel's, as in testing/synctest.
func virtualTime() bool {
	var t unix.Timespec
	err := unix.ClockGettime(unix.CLOCK_REALTIME, &t)
	return err != nil || time.Since(time.Unix(t.Unix())).Abs() > time.Minute
}

func (a *kernelAlarm) sleep(t time.Time) bool {
	// A value of zero would never expire.
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(max(int64(time.Until(t)), 1))}
	var set error
	err := a.conn.Control(func(fd uintptr) { set = unix.TimerfdSettime(int(fd), 0, &spec, nil) })
	if err != nil || set != nil {
		return false
	}
	// The poller wakes us when the timer has expired; setting it anew takes that back.
	return a.conn.Read(func(uintptr) bool { return time.Until(t) <= 0 }) == nil
}

func (a *kernelAlarm) close() { a.file.Close() }
