package media

import (
	"sync"
	"time"
)

// An alarm lets a goroutine sleep. It is used by one goroutine at a time, but for
// close.
type alarm interface {
	// sleep returns at t, at once if that has passed, or false as soon as the alarm
	// is closed.
	sleep(t time.Time) bool
	// close ends sleep, now and later. It may be called more than once.
	close()
}

// timerAlarm is the alarm that Go's timers make.
type timerAlarm struct {
	quit chan struct{}
	once sync.Once
}

func newTimerAlarm() *timerAlarm { return &timerAlarm{quit: make(chan struct{})} }

func (a *timerAlarm) sleep(t time.Time) bool {
	timer := time.NewTimer(time.Until(t))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-a.quit:
		return false
	}
}

func (a *timerAlarm) close() { a.once.Do(func() { close(a.quit) }) }
